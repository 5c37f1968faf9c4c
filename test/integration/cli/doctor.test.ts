import { expect } from 'chai';
import { once } from 'node:events';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { runCli } from '../../../src/cli/index.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { forgetStore } from '../../../src/matrix/crypto/store-guard.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { configFolder, MINIMAL, TEST_KEY } from '../../support/config-folder.ts';
import { freePort } from '../../support/free-port.ts';
import { FakeHomeserver, type Answer } from './fake-homeserver.ts';

async function run(verb: string, path: string) {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const add = (line: string) => lines.push(line);
  const code = await runCli([verb, '--config', path], { env: {}, signal, out: add, err: add });
  return { code, lines };
}

/** What is listed as wrong, without the carrier, which is another test's. */
const wrong = (lines: string[]) => lines.filter((line) => /^(FAIL|warn)/.test(line) && !line.includes('(carrier '));

describe('carebridge doctor', () => {
  let homeserver: FakeHomeserver;
  let path: string;
  let folder: string;
  let port: number;

  /** Writes the configuration with one part changed. */
  const change = async (from: string, to: string) => writeFile(path, (await readFile(path, 'utf8')).replace(from, to));

  beforeEach(async () => {
    homeserver = new FakeHomeserver();
    await homeserver.start();
    port = await freePort();
    path = await configFolder(
      MINIMAL.replace('homeserver:', `homeserver:\n  url: ${homeserver.url}`) +
        `appservice: { listen: { port: ${port} } }\n`,
    );
    folder = dirname(path);
    await run('register', path);
    const registration = await readFile(join(folder, 'registration.yaml'), 'utf8');
    homeserver.asToken = /as_token: (\S+)/.exec(registration)?.[1] ?? '';
    homeserver.hsToken = /hs_token: (\S+)/.exec(registration)?.[1] ?? '';
    homeserver.appserviceUrl = `http://127.0.0.1:${port}`;
  });

  afterEach(() => homeserver.stop());

  it('finds nothing wrong where nothing is, and says what it tried', async () => {
    const { lines } = await run('doctor', path);
    expect(wrong(lines)).to.deep.equal([]);
    const text = lines.join('\n');
    expect(text).to.include('Synapse/1.163.2 answered').and.to.include('the homeserver itself (native)');
    expect(text).to.include('it is @_carebridge:hospital.example').and.to.include('answered by a listener of ours');
    for (const line of lines.slice(0, -1)) expect(line).to.match(/^(ok {2}|warn|FAIL) {2}\S.* {2}-> \S/);
  });

  it('shows no token and no key', async () => {
    const { lines } = await run('doctor', path);
    const secrets = [homeserver.asToken, homeserver.hsToken, TEST_KEY, 'kannel password', 'webhook-secret-for-tests'];
    for (const secret of secrets) expect(lines.join('\n')).not.to.include(secret);
  });

  it('leaves no device behind', async () => {
    await run('doctor', path);
    const devices = homeserver.requests.filter((request) => request.includes('/devices/'));
    expect(devices.map((request) => request.split(' ')[0])).to.deep.equal(['PUT', 'DELETE']);
  });

  it('exits 1 with a FAIL and its fix; Kannel is not running here', async () => {
    const { code, lines } = await run('doctor', path);
    expect(code).to.equal(1);
    expect(lines.filter((line) => line.startsWith('FAIL'))).to.have.length(1);
    expect(lines.at(-1)).to.match(/doctor: \d+ checks, 1 failed, \d to look at/);
  });

  it('finds before the first start that the bot has keys which are not here, so that the start would refuse', async () => {
    const body = { master_keys: { '@carebridge:hospital.example': { keys: { 'ed25519:c': 'c' } } } };
    homeserver.answers.set('POST /_matrix/client/v3/keys/query', [200, body]);
    const found = async () => wrong((await run('doctor', path)).lines).find((line) => line.includes("the bot's keys"));
    expect(await found()).to.match(/^FAIL {2}compare the bot's keys .*none here ; fix: .*reset-crypto/);
    await using storage = await openStorage(loadConfig(path, {}));
    expect(await found()).to.match(/^FAIL {2}compare the bot's keys /);
    await forgetStore(storage.settings);
    expect(await found()).to.equal(undefined);
  });

  it('warns where nothing signs the audit log, and fails where something did (F1)', async () => {
    await rm(join(folder, 'secrets/audit-signing.key'));
    const found = async () => wrong((await run('doctor', path)).lines).find((line) => line.includes('sign the audit'));
    expect(await found()).to.match(/^warn {2}sign the audit log .* fix: run carebridge register/);
    await using storage = await openStorage(loadConfig(path, {}));
    const checkpoint = { number: 1, seq: 1, headHash: 'hash', at: 1, keyId: 'key', signature: 'signature' };
    await storage.auditTrail.addCheckpoint(checkpoint);
    expect(await found()).to.match(/^FAIL {2}sign the audit log .* fix: restore secrets\/audit-signing\.key/);
  });

  const refusals: [what: string, request: string, answer: Answer | (() => Answer), expected: RegExp][] = [
    ['no homeserver', 'GET /_matrix/client/versions', [404, {}], /FAIL {2}reach .* fix: correct homeserver\.url/],
    [
      'MAS that was down when Synapse started',
      'GET /_matrix/client/v1/auth_metadata',
      [500, { errcode: 'M_UNKNOWN' }],
      /warn {2}ask who owns the accounts {2}-> unknown ; fix: .*Matrix Authentication Service/,
    ],
    [
      'a registration that is not loaded',
      'GET /_matrix/client/v3/account/whoami',
      [401, { errcode: 'M_UNKNOWN_TOKEN' }],
      /FAIL {2}log in with the as_token .*M_UNKNOWN_TOKEN.* fix: name .*app_service_config_files/,
    ],
    [
      'another server name',
      'GET /_matrix/client/v3/account/whoami',
      [200, { user_id: '@_carebridge:matrix.hospital.example' }],
      /FAIL {2}compare the server name .*calls itself matrix\.hospital\.example ; fix: set homeserver\.domain/,
    ],
    [
      'a sender that is no administrator of the homeserver',
      'GET /_synapse/admin/v2/users/%40carebridge%3Ahospital.example',
      [403, { errcode: 'M_FORBIDDEN' }],
      /warn {2}control accounts .*403 M_FORBIDDEN.* fix: .*docs\/install\.md/,
    ],
    [
      'an admin token that is no longer valid',
      'GET /_synapse/admin/v2/users/%40carebridge%3Ahospital.example',
      [401, { errcode: 'M_UNKNOWN_TOKEN' }],
      /warn {2}control accounts .*401 M_UNKNOWN_TOKEN.* is not valid there: renew it.* fix: .*docs\/install\.md/,
    ],
    [
      'the bot as sender',
      'GET /_matrix/client/v3/account/whoami',
      [200, { user_id: '@carebridge:hospital.example' }],
      /FAIL {2}compare the bot with the registration's sender .*refuse \/sync ; fix: /,
    ],
    [
      'a Synapse that makes no devices',
      'PUT /_matrix/client/v3/devices/CAREBRIDGE_DOCTOR',
      [404, { errcode: 'M_NOT_FOUND' }],
      /FAIL {2}make a device .* fix: update the homeserver: Synapse .* 1\.141/,
    ],
    [
      'a registration without the bot',
      'POST /_matrix/client/v3/register',
      [400, { errcode: 'M_EXCLUSIVE' }],
      /FAIL {2}make the bot's account .*M_EXCLUSIVE\) ; fix: give the homeserver the present registration/,
    ],
    [
      'a clock that is off by ten minutes',
      'GET /_matrix/client/versions',
      () => [200, { versions: ['v1.12'] }, { date: new Date(Date.now() - 600_000).toUTCString() }],
      /FAIL {2}compare this machine's clock .*differ by \d{3,} s ; fix: run NTP/,
    ],
    [
      'a clock that is off by a minute',
      'GET /_matrix/client/versions',
      () => [200, { versions: ['v1.12'] }, { date: new Date(Date.now() + 60_000).toUTCString() }],
      /warn {2}compare this machine's clock .* fix: run NTP/,
    ],
  ];
  for (const [what, request, answer, expected] of refusals) {
    it(`explains ${what}`, async () => {
      // What tells the time tells that of now.
      homeserver.answers.set(request, typeof answer === 'function' ? answer() : answer);
      const { lines } = await run('doctor', path);
      expect(wrong(lines).join('\n')).to.match(expected);
    });
  }

  it('says that MAS owns the accounts', async () => {
    homeserver.answers.set('GET /_matrix/client/v1/auth_metadata', [200, { issuer: 'https://auth.hospital.example/' }]);
    const { lines } = await run('doctor', path);
    expect(lines.join('\n')).to.match(
      /ok {4}ask who owns the accounts {2}-> Matrix Authentication Service at https:\/\/auth/,
    );
  });

  for (const { found, owner, adapter } of [
    { found: 'MAS', owner: [200, { issuer: 'https://auth.hospital.example/' }], adapter: 'native' },
    { found: 'native', owner: undefined, adapter: 'mas' },
  ] as const) {
    it(`refuses the adapter ${adapter} where it found ${found}`, async () => {
      if (owner !== undefined) homeserver.answers.set('GET /_matrix/client/v1/auth_metadata', [...owner]);
      const mas = "mas_url: 'http://127.0.0.1:9', mas_client_id: 01J5M8Q2V9XK3T7R4W6Y8Z0ABC, mas_client_secret: secret";
      await writeFile(path, `${await readFile(path, 'utf8')}\naccounts: { adapter: ${adapter}, ${mas} }\n`);
      const { code, lines } = await run('doctor', path);
      expect(wrong(lines).join()).to.match(new RegExp(`FAIL.*accounts.adapter is ${adapter}, which refuses to work`));
      expect(code).to.not.equal(0);
    });
  }

  it('tries the admin API of MAS for account control, and says why it did not work without its secret', async () => {
    homeserver.answers.set('GET /_matrix/client/v1/auth_metadata', [200, { issuer: 'https://auth.hospital.example/' }]);
    const mas = "mas_url: 'http://127.0.0.1:9', mas_client_id: 01J5M8Q2V9XK3T7R4W6Y8Z0ABC, mas_client_secret: mysecret";
    await writeFile(path, `${await readFile(path, 'utf8')}\naccounts: { ${mas} }\n`);
    const text = (await run('doctor', path)).lines.join('\n');
    expect(text).to.match(/warn {2}control accounts .*cannot be reached/);
    expect(text).to.not.include('mysecret');
  });

  it('does not run what needs a homeserver that is away', async () => {
    await change(homeserver.url, 'http://127.0.0.1:9');
    const { code, lines } = await run('doctor', path);
    expect(code).to.equal(1);
    expect(lines.filter((line) => line.startsWith('FAIL')).join('\n')).to.match(
      /reach the homeserver .* fix: start the homeserver/,
    );
    expect(lines.filter((line) => line.includes('not run ; fix: first fix the homeserver'))).to.have.length(7);
  });

  it('finds a homeserver with another hs_token', async () => {
    homeserver.hsToken = 'an old one';
    expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
      /FAIL {2}have the homeserver ping us .*another hs_token/,
    );
  });

  it('finds a homeserver that cannot reach us', async () => {
    homeserver.appserviceUrl = 'http://127.0.0.1:9';
    expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(/M_CONNECTION_FAILED.* fix: .*cannot connect/);
  });

  it('lets the running bridge answer the ping', async () => {
    const bridge = createServer((_, response) => response.end('{}')).listen(port, '127.0.0.1');
    await once(bridge, 'listening');
    const { lines } = await run('doctor', path);
    bridge.closeAllConnections();
    bridge.close();
    expect(lines.join('\n')).to.include('answered by what is running there');
  });

  it('finds a registration that is missing, and one that is old', async () => {
    await change('domain: hospital.example', 'domain: hospital.example\n  # the same');
    await change('appservice: {', 'appservice: { bot: nurse-texts,');
    expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
      /namespaces {2}-> @nurse-texts:hospital\.example is not reserved/,
    );
    await rm(join(folder, 'registration.yaml'));
    const { lines } = await run('doctor', path);
    expect(wrong(lines)[0]).to.match(/there is no such file ; fix: Run `carebridge register`/);
    expect(lines.filter((line) => line.includes('first fix the registration'))).to.have.length(5);
  });

  it('finds files that others may read', async () => {
    await chmod(join(folder, 'registration.yaml'), 0o644);
    await chmod(path, 0o644);
    const { lines } = await run('doctor', path);
    expect(wrong(lines)).to.have.length(2);
    expect(wrong(lines)[0]).to.match(/^FAIL .*registration\.yaml\) .* fix: run chmod 600/);
    expect(wrong(lines)[1]).to.match(/^warn .*config\.yaml\) .* fix: run chmod 600/);
  });

  it('prints the problems of the configuration', async () => {
    await change('name: Mercy Clinic', 'nmae: Mercy Clinic');
    const { code, lines } = await run('doctor', path);
    expect(code).to.equal(1);
    expect(lines[0]).to.match(/^FAIL {2}read the configuration .* 2 problems/);
    expect(lines[1]?.split('\n')).to.have.length(2);
  });

  it('refuses an unencrypted way for texts over the internet (E5)', async () => {
    await change('appservice:', 'http: { public_url: "http://texts.hospital.example" }\nappservice:');
    expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
      /FAIL {2}look at http\.public_url .*reverse proxy/,
    );
  });

  describe('and the database', () => {
    it('says its schema version, and that the keys are there, without changing it', async () => {
      await (await openStorage(loadConfig(path, {}))).close();
      const { lines } = await run('doctor', path);
      expect(lines.join('\n')).to.match(/ok {4}open the SQLite database .* schema version \d+/);
      expect(lines.join('\n')).to.match(/ok {4}compare its PHI keys .* we have all of them; [0-9a-f]{8} encrypts/);
    });

    it('finds that its key is another one', async () => {
      await (await openStorage(loadConfig(path, {}))).close();
      await writeFile(
        join(folder, 'secrets/phi.key'),
        Buffer.from('another key, also of 32 bytes !!').toString('base64'),
      );
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}compare its PHI keys .*we lack [0-9a-f]{8} ; fix: add the old keys/,
      );
    });

    it('finds a file that is no database', async () => {
      await writeFile(
        join(folder, 'carebridge.db'),
        'no database at all, but long enough to have a header '.repeat(4),
        { mode: 0o600 },
      );
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}open the SQLite database .*not an SQLite database/,
      );
    });

    it('finds a PostgreSQL that is not there', async () => {
      await change('appservice:', 'database: { url: "postgres://u:hunter2@127.0.0.1:9/db" }\nappservice:');
      const { lines } = await run('doctor', path);
      expect(wrong(lines).join('\n')).to.match(/FAIL {2}open the PostgreSQL database .*Is PostgreSQL running/);
      expect(lines.join('\n')).not.to.include('hunter2');
    });
  });

  describe('and the crypto store', () => {
    let storeId: string;

    beforeEach(async () => {
      const { CryptoStore } = await import('../../../src/matrix/crypto/store/crypto-store.ts');
      const { passphrase, store: directory } = loadConfig(path, {}).encryption;
      const store = CryptoStore.open({ directory, passphrase, engine: 'wasm', outboundSessions: [] });
      storeId = store.id;
      await store.close();
    });

    /** The database knows a crypto store, which is not the one that is there. */
    const rememberOther = async (config: Config) => {
      const { rememberStore } = await import('../../../src/matrix/crypto/store-guard.ts');
      await using storage = await openStorage(config);
      const bot = { ed25519: 'a', curve25519: 'b', master: 'c' };
      const other = { storeId: 'other', engine: 'wasm', deviceId: 'CBOTHER', generation: 1, bot } as const;
      await rememberStore(storage.settings, other);
    };

    it('opens it', async () => {
      expect((await run('doctor', path)).lines.join('\n')).to.match(/ok {4}open the crypto store .*passphrase right/);
    });

    it('finds another passphrase', async () => {
      await writeFile(join(folder, 'secrets/crypto.passphrase'), 'another passphrase, long enough');
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}open the crypto store .*another passphrase/,
      );
    });

    it('finds that it is gone, or another one than the database knows', async () => {
      const config = loadConfig(path, {});
      await rememberOther(config);
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}open the crypto store .*another crypto store/,
      );
      await rm(config.encryption.store, { recursive: true });
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(/FAIL {2}open the crypto store .*is gone/);
    });

    it("finds that the bot's keys on the homeserver are not those it had", async () => {
      await rememberOther(loadConfig(path, {}));
      const query = 'POST /_matrix/client/v3/keys/query';
      homeserver.answers.set(query, [200, { device_keys: {}, master_keys: {} }]);
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}compare the bot's keys .*device is gone/,
      );
      const user = '@carebridge:hospital.example';
      const keys = { 'ed25519:CBOTHER': 'a', 'curve25519:CBOTHER': 'b' };
      const same = {
        device_keys: { [user]: { CBOTHER: { keys } } },
        master_keys: { [user]: { keys: { 'ed25519:c': 'c' } } },
      };
      homeserver.answers.set(query, [200, same]);
      expect((await run('doctor', path)).lines.join('\n')).to.match(
        /ok {4}compare the bot's keys .*the same \(device CBOTHER\)/,
      );
      const mark = `GET /_matrix/client/v3/user/${encodeURIComponent(user)}/account_data/org.carebridge.crypto_store`;
      homeserver.answers.set(mark, [200, { store: storeId, mark: 'of a start that the store does not know' }]);
      expect(wrong((await run('doctor', path)).lines).join('\n')).to.match(
        /FAIL {2}compare the bot's keys .*old copy of the crypto store/,
      );
    });
  });
});
