/** What keeps `carebridge start` from starting is said in a sentence with what to do, never as a fault of the program. */
import { expect } from 'chai';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { runCli } from '../../../src/cli/index.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';
import { freePort } from '../../support/free-port.ts';
import { waitFor } from '../../support/wait-for.ts';
import { FakeHomeserver } from './fake-homeserver.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

describe('carebridge start, where it cannot', function () {
  // It begins with loading the whole program.
  this.timeout(60_000);
  let homeserver: FakeHomeserver;

  beforeEach(async () => {
    homeserver = new FakeHomeserver();
    await homeserver.start();
  });

  afterEach(() => homeserver.stop());

  async function run(verb: string, path: string) {
    const lines: string[] = [];
    const add = (line: string) => lines.push(line);
    const code = await runCli([verb, '--config', path], {
      env: {},
      signal: new AbortController().signal,
      out: add,
      err: add,
    });
    return { code, text: lines.join('\n') };
  }

  /** Registers, and returns the configuration's path. */
  async function registered(ports: { readonly appservice: number; readonly http: number }): Promise<string> {
    const path = await configFolder(
      MINIMAL.replace('homeserver:', `homeserver:\n  url: ${homeserver.url}`) +
        `appservice: { listen: { port: ${ports.appservice} } }\nhttp: { port: ${ports.http} }\n`,
    );
    await run('register', path);
    const registration = await readFile(join(dirname(path), 'registration.yaml'), 'utf8');
    homeserver.asToken = /as_token: (\S+)/.exec(registration)?.[1] ?? '';
    return path;
  }

  for (const setting of ['http', 'appservice'] as const) {
    it(`names the setting ${setting} whose port is taken`, async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      try {
        const path = await registered({ appservice: await freePort(), http: await freePort(), [setting]: port });
        const { code, text: said } = await run('start', path);
        expect(code).to.equal(1);
        expect(said).to.match(
          new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*another port in ${setting}`),
        );
      } finally {
        other.close();
      }
    });
  }

  it('ends within ten seconds of SIGTERM though the homeserver never answers, and closes the database before', async () => {
    const register = 'POST /_matrix/client/v3/register';
    const path = await registered({ appservice: await freePort(), http: await freePort() });
    homeserver.answers.set(register, 'never');
    const bridge = spawn(process.execPath, [MAIN, 'start', '--config', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 40_000,
      killSignal: 'SIGKILL',
    });
    const ended = once(bridge, 'exit');
    const log = text(bridge.stdout);
    try {
      await waitFor('the first request', async () => homeserver.requests.includes(register));
      const told = performance.now();
      bridge.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
      // With what a busy machine adds.
      expect(performance.now() - told).to.be.below(12_000);
      expect(await log)
        .to.include('"msg":"bridge.stopping"')
        .and.to.include('given up');
      expect(await readdir(dirname(path)))
        .to.include('carebridge.db')
        .and.not.include('carebridge.db-wal');
    } finally {
      bridge.kill('SIGKILL');
    }
  });

  it('says what the homeserver refuses, and that doctor looks for the cause', async () => {
    const path = await registered({ appservice: await freePort(), http: await freePort() });
    homeserver.answers.set('POST /_matrix/client/v3/register', [400, { errcode: 'M_EXCLUSIVE' }]);
    const { code, text: said } = await run('start', path);
    expect(code).to.equal(1);
    expect(said).to.match(/Could not create a user of the bridge: .*M_EXCLUSIVE.* `carebridge doctor` looks for/);
    expect(said).not.to.include('fault of Carebridge');
  });
});
