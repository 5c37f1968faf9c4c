import { expect } from 'chai';
import { runCli, VERBS } from '../../../src/cli/index.ts';
import { version } from '../../../src/cli/version.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';
import { dirname } from 'node:path';

/** Runs a command line, and returns what a terminal would show. */
async function run(args: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const { signal } = new AbortController();
  const code = await runCli(args, { env, signal, out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('carebridge', () => {
  it('without a verb shows the help, and is wrong use', async () => {
    const { code, out } = await run([]);
    expect(code).to.equal(2);
    for (const { name, summary } of VERBS) expect(out).to.include(name).and.to.include(summary);
  });

  for (const word of ['help', '--help', '-h']) {
    it(`${word} shows the help`, async () => {
      expect(await run([word])).to.include({ code: 0, err: '' });
    });
  }

  it('--version says the version', async () => {
    expect(await run(['--version'])).to.deep.equal({ code: 0, out: version(), err: '' });
    expect(version()).to.match(/^\d+\.\d+\.\d+$/);
  });

  it('with an unknown verb names the verbs', async () => {
    const { code, err } = await run(['run']);
    expect(code).to.equal(2);
    expect(err).to.include('register, check-config, doctor');
  });

  it('with an unknown option shows the help of the verb', async () => {
    const { code, err } = await run(['check-config', '--fast']);
    expect(code).to.equal(2);
    expect(err).to.include('--fast').and.to.include('carebridge check-config [--config PATH]');
  });

  for (const name of ['register', 'check-config', 'doctor', 'reset-crypto']) {
    it(`${name} --help says more, and does nothing`, async () => {
      const { code, out, err } = await run([name, '--help', '--config', 'nowhere.yaml']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out.split('\n')).to.have.length.above(4);
    });
  }

  it('takes the configuration from --config, CAREBRIDGE_CONFIG or config.yaml, in this order', async () => {
    const path = await configFolder();
    expect((await run(['check-config', '-c', path], { CAREBRIDGE_CONFIG: 'elsewhere.yaml' })).code).to.equal(0);
    expect((await run(['check-config'], { CAREBRIDGE_CONFIG: path })).code).to.equal(0);
    const { code, err } = await run(['check-config']);
    expect(code).to.equal(1);
    expect(err).to.match(/^config\.yaml:1:1 there is no such file/);
  });
});

describe('carebridge check-config', () => {
  it('prints every problem on a line of its own, and exits 1', async () => {
    const path = await configFolder(MINIMAL.replace('domain:', 'domian:').replace('+12125550100', '+1911'));
    const { code, out, err } = await run(['check-config', '--config', path]);
    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
    expect(
      err
        .replaceAll(dirname(path), '')
        .split('\n')
        .map((line) => line.replace(/;.*/, '')),
    ).to.deep.equal([
      '/config.yaml:1:1 homeserver.domain: it is missing',
      '/config.yaml:2:3 homeserver.domian: there is no such setting',
      '/config.yaml:13:13 lines[0].number: it is not a full, existing phone number',
    ]);
  });

  it('prints ok', async () => {
    const { code, out } = await run(['check-config', '--config', await configFolder()]);
    expect(code).to.equal(0);
    expect(out).to.match(/^ok/).and.to.include('carebridge register');
  });
});
