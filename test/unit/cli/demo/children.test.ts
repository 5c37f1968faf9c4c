import { expect } from 'chai';
import { startChild } from '../../../../src/cli/demo/children.ts';

const FOREVER = ['-e', 'setInterval(() => {}, 1000); console.log("up")'];
const STUBBORN = ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")'];

describe('startChild', () => {
  it('answers how a child ended, also when it is stopped twice', async () => {
    const child = await startChild('child', process.execPath, FOREVER);
    expect(await child.stop()).to.equal('SIGTERM');
    expect(await child.stop(), 'a second stop').to.equal('SIGTERM');
  });

  it('makes a child end that does not want to', async () => {
    const child = await startChild('child', process.execPath, STUBBORN, { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.process.stdout?.once('data', resolve));
    expect(await child.stop(10)).to.equal('SIGKILL');
  });

  it('says that a program cannot be started', async () => {
    const error = await startChild('the thing', 'no-such-program', []).catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: the thing could not be started: spawn no-such-program ENOENT');
  });
});
