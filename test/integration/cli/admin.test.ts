/** `carebridge admin` on a real database, beside accounts of a homeserver that is played. */
import { appendFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { startChild } from '../../../src/cli/demo/children.ts';
import { runCli } from '../../../src/cli/index.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { silentLogger } from '../../../src/log.ts';
import { makeRegistration, writeRegistration } from '../../../src/matrix/registration.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { FollowCommandLine } from '../../../src/services/follow-command-line.ts';
import { Lines } from '../../../src/services/lines.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';
import { AS_TOKEN, FakeAccountHomeserver } from '../../support/fake-account-homeserver.ts';
import type { FakeAnswer } from '../../support/fake-mas-api.ts';
import { FakeAccounts } from '../../support/fakes/fake-accounts.ts';
import { freePort } from '../../support/free-port.ts';
import { waitFor } from '../../support/wait-for.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
const LEE = '@lee:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;
const BY = ['--by', '@it:hospital.test', '--reason', 'nobody can get in'];
const REFUSED: FakeAnswer = { status: 403, body: { errcode: 'M_FORBIDDEN' } };
const BROKEN: FakeAnswer = { status: 500, body: { errcode: 'M_UNKNOWN' } };

describe('carebridge admin', () => {
  let config: string;
  let homeserver: FakeAccountHomeserver;

  beforeEach(async () => {
    homeserver = new FakeAccountHomeserver('native');
    await homeserver.start();
    homeserver.addUser('lee');
    homeserver.addUser('nurse');
    config = await writeConfig(homeserver.url);
  });

  afterEach(() => homeserver.stop());

  async function writeConfig(url: string): Promise<string> {
    const path = await configFolder(
      `${MINIMAL.replaceAll('hospital.example', 'hospital.test').replace('homeserver:', `homeserver:\n  url: ${url}`)}
accounts:
  protected: ["@monitor:hospital.test"]
`,
    );
    const settings = { domain: 'hospital.test', url: 'http://127.0.0.1:9993', bot: 'carebridge' };
    const registration = makeRegistration(
      { ...settings, ghostPrefix: 'carebridge_' },
      { asToken: AS_TOKEN, hsToken: 'hs-token-as-long-as-a-real-one-is' },
    );
    writeRegistration(join(dirname(path), 'registration.yaml'), registration);
    return path;
  }

  async function carebridge(...args: string[]) {
    const lines: string[] = [];
    const add = (line: string) => lines.push(line);
    const { signal } = new AbortController();
    const code = await runCli([...args, '--config', config], { env: {}, signal, out: add, err: add });
    return { code, text: lines.join('\n') };
  }

  const admin = (...args: string[]) => carebridge('admin', ...args, ...BY);

  /** `action outcome step`, oldest first. */
  async function audited() {
    await using storage = await openStorage(loadConfig(config, {}));
    const rows = await storage.auditTrail.rows(0, 1_000);
    return rows.map((row) => {
      const { step } = (storage.auditTrail.open(row).details ?? {}) as { step?: string };
      return [row.action, row.outcome, step].filter(Boolean).join(' ');
    });
  }

  async function stateOf(user: UserId) {
    await using storage = await openStorage(loadConfig(config, {}));
    return await storage.accountStates.find(user);
  }

  describe('give-role', () => {
    it('A4 F1 gives the role where nobody is left who may, with who, which login, why and when before and after', async () => {
      const { code, text } = await admin('give-role', LEE, 'administrator', '--ticket', 'INC-7');
      expect(code, text).to.equal(0);
      expect(text).to.include(`${LEE} has the role administrator now.`);
      expect((await carebridge('roles', 'list')).text).to.match(/@lee:hospital\.test,administrator,command,/);
      expect(await audited()).to.deep.equal([
        ...['admin.give-role done begun', 'role.give done', 'admin.give-role done ended'],
      ]);
      await using storage = await openStorage(loadConfig(config, {}));
      const [begun, given] = (await storage.auditTrail.rows(0, 10)).map((row) => ({
        ...row,
        ...storage.auditTrail.open(row),
      }));
      expect(begun).to.deep.include({
        actor: '@it:hospital.test',
        target: LEE,
        cause: 'command line',
        ticket: 'INC-7',
      });
      expect(begun).to.have.property('reason', 'nobody can get in');
      expect(begun?.details).to.have.property('systemUser').that.is.a('string').and.not.empty;
      expect(given).to.deep.include({ actor: '@it:hospital.test', target: LEE, cause: 'command line' });
      expect((await carebridge('audit', 'verify')).code).to.equal(0);
    });

    it('can be repeated', async () => {
      await admin('give-role', LEE, 'administrator');
      expect(await admin('give-role', LEE, 'administrator')).to.deep.include({ code: 0 });
      expect((await audited()).filter((entry) => entry.startsWith('role.give'))).to.have.length(1);
    });

    it('works while the homeserver is away, and says what it could not look at', async () => {
      await homeserver.stop();
      const { code, text } = await admin('give-role', LEE, 'administrator');
      expect(code, text).to.equal(0);
      expect(text).to.match(/is not known\..*cannot be reached/);
      await homeserver.start();
    });

    it('says what the role alone does not mend', async () => {
      homeserver.addUser('pat').locked = true;
      expect((await admin('give-role', '@pat:hospital.test', 'administrator')).text).to.include(
        'carebridge admin unlock @pat:hospital.test',
      );
    });

    for (const [user, role, words] of [
      ['@lea:hospital.test', 'administrator', /There is no account @lea/],
      ['@lee:elsewhere.test', 'administrator', /not on this homeserver|no account/],
      ['@carebridge_x:hospital.test', 'administrator', /belongs to the bridge|no account/],
      [LEE, 'king', /no role king.*There are: administrator, line-team/],
    ] as const) {
      it(`D5 refuses ${user} ${role}, and has it in the log`, async () => {
        homeserver.addUser('carebridge_x');
        const { code, text } = await admin('give-role', user, role);
        expect(code).to.equal(1);
        expect(text)
          .to.match(words)
          .and.to.match(/Nothing was done/);
        expect(await audited()).to.deep.equal(['admin.give-role done begun', 'admin.give-role refused ended']);
      });
    }
  });

  describe('unlock', () => {
    it('makes an account usable that somebody else locked and suspended, and says what else is missing', async () => {
      Object.assign(homeserver.users.get(LEE) ?? {}, { locked: true, suspended: true });
      const { code, text } = await admin('unlock', LEE);
      expect(code, text).to.equal(0);
      expect(homeserver.users.get(LEE)).to.include({ locked: false, suspended: false });
      expect(text).to.include(`${LEE} is unlocked.`).and.to.include(`give-role ${LEE} administrator`);
      expect(await audited()).to.deep.equal([
        ...['admin.unlock done begun', 'account.unlock done begun'],
        ...['account.unlock done ended', 'admin.unlock done ended'],
      ]);
    });

    it('A7 refuses whoever was offboarded; `reactivate` takes them back', async () => {
      Object.assign(homeserver.users.get(LEE) ?? {}, { locked: true });
      {
        await using storage = await openStorage(loadConfig(config, {}));
        const state = { userId: LEE, wasLocked: false, wasSuspended: false, absence: 'gone' } as const;
        await storage.accountStates.set({ ...state, successor: undefined, by: '@it:hospital.test', at: 1 });
      }
      const refused = await admin('unlock', LEE);
      expect(refused).to.include({ code: 1 });
      expect(refused.text).to.include('was offboarded: `reactivate` takes them back');
      const { code, text } = await admin('reactivate', LEE);
      expect(code, text).to.equal(0);
      expect(text).to.include(`${LEE} is back.`).and.to.include(`give-role ${LEE} administrator`);
      expect(homeserver.users.get(LEE)).to.include({ locked: false });
      expect(await stateOf(LEE)).to.equal(undefined);
    });

    it('does not call a deactivated account usable', async () => {
      homeserver.addUser('gone').deactivated = true;
      const { code, text } = await admin('unlock', '@gone:hospital.test');
      expect(code).to.equal(1);
      expect(text).to.include('is deactivated, which unlocking does not undo');
    });
  });

  describe('lock and lost-device', () => {
    it('D2 D7 D8 a running bridge takes over who is locked and who no longer is, with new keys', async () => {
      await using storage = await openStorage(loadConfig(config, {}));
      const lines = new Lines(loadConfig(config, {}).lines);
      const rotated: UserId[] = [];
      let changes = 0;
      await using follow = new FollowCommandLine({
        ...storage,
        lines,
        log: silentLogger,
        accounts: new FakeAccounts(),
        policy: { current: () => Promise.reject(new Error()), invalidate: () => void changes++ },
        recordConfigured: undefined,
        roomKeys: { rotate: async (user) => void rotated.push(user) },
      });
      await follow.begin();
      expect(await admin('lock', NURSE)).to.deep.include({ code: 0 });
      expect(homeserver.users.get(NURSE)).to.include({ locked: true });
      await follow.runOnce();
      expect(lines.all.map(({ team }) => team)).to.deep.equal([[]]);
      expect(rotated).to.deep.equal([NURSE]);
      expect(await admin('unlock', NURSE)).to.deep.include({ code: 0 });
      await follow.runOnce();
      expect(lines.all.map(({ team }) => team)).to.deep.equal([[NURSE]]);
      await follow.runOnce();
      expect({ changes, rotated }).to.deep.equal({ changes: 3, rotated: [NURSE] });
    });

    it('D1 ends a device, names those there are where there is none of that id, and ends all', async () => {
      for (const device of ['PHONE', 'DESK', 'TABLET']) homeserver.login(LEE, device);
      const wrong = await admin('lost-device', LEE, 'PHONEE');
      expect(wrong.code).to.equal(1);
      expect(wrong.text).to.match(/no device PHONEE\. Nothing was done\. There are: PHONE, DESK, TABLET/);
      const one = await admin('lost-device', LEE, 'PHONE');
      expect(one.code, one.text).to.equal(0);
      expect(one.text)
        .to.include(`Device PHONE of ${LEE} is signed out.`)
        .and.to.include('encrypts with new keys as soon as')
        .and.to.include('offline keeps');
      expect([...(homeserver.users.get(LEE)?.devices.keys() ?? [])]).to.deep.equal(['DESK', 'TABLET']);
      expect(await admin('lost-device', LEE, 'all')).to.deep.include({ code: 0 });
      expect(homeserver.users.get(LEE)?.devices.size).to.equal(0);
    });

    it('A9 has the same guards as the command room', async () => {
      homeserver.addUser('admin');
      homeserver.addUser('monitor');
      homeserver.addUser('root', { admin: true });
      for (const [user, words] of [
        ['@it:hospital.test', /cannot do this to your own account/],
        ['@admin:hospital.test', /the last one who can manage accounts/],
        ['@monitor:hospital.test', /protected by the configuration/],
        ['@carebridge:hospital.test', /belongs to the bridge/],
        ['@lee:elsewhere.test', /another server/],
        ['@root:hospital.test', /a second person must agree/],
        ['@nobody:hospital.test', /There is no account/],
      ] as const) {
        const { code, text } = await admin('lock', user);
        expect(code, user).to.equal(1);
        expect(text, user).to.match(words);
      }
      expect([...homeserver.users.values()].filter(({ locked }) => locked)).to.deep.equal([]);
      expect(await admin('lock', '@root:hospital.test', '--confirmed-by', '@it:hospital.test')).to.include({ code: 1 });
      expect(await admin('lock', '@root:hospital.test', '--confirmed-by', LEE)).to.include({ code: 0 });
    });
  });

  describe('where the homeserver is half down', () => {
    for (const args of [
      ['unlock', LEE],
      ['lock', LEE, '--end-sessions'],
      ['lost-device', LEE, 'all'],
      ['invite', LEE],
    ]) {
      it(`B2 ${args[0]}: away, says so, does nothing, and leaves nothing half recorded`, async () => {
        await homeserver.stop();
        const { code, text } = await admin(...args);
        await homeserver.start();
        expect(code).to.equal(1);
        expect(text)
          .to.match(/cannot be reached.*ECONNREFUSED/)
          .and.to.match(/Nothing was done/);
        expect((await audited()).map((entry) => entry.replace(/refused|failed/, 'not'))).to.deep.equal([
          ...[`admin.${args[0]} done begun`, `admin.${args[0]} not ended`],
        ]);
        expect(await stateOf(LEE)).to.equal(undefined);
      });
    }

    /** Each command that needs the accounts, and says why it did nothing. */
    const allRefused = async (words: RegExp) => {
      for (const args of [
        ['unlock', LEE],
        ['lock', LEE],
        ['lost-device', LEE, 'all'],
      ]) {
        const { code, text } = await admin(...args);
        expect(code, text).to.equal(1);
        expect(text)
          .to.match(words)
          .and.to.match(/Nothing was done/);
      }
    };

    for (const [what, answer, words] of [
      [
        'expired',
        { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } },
        /token of the registration is not valid there: renew it\. `carebridge doctor` shows/,
      ],
      ['without the right', REFUSED, /Its admin credential may not do this/],
    ] as const) {
      it(`says that the admin token is ${what}, where to mend it, and that nothing was done`, async () => {
        homeserver.interfere = (request) => (request.includes('/_synapse/') ? answer : undefined);
        await allRefused(words);
        expect(await stateOf(LEE)).to.equal(undefined);
      });
    }

    it('says that Matrix Authentication Service is away, and that nothing was done', async () => {
      homeserver.mode = 'mas';
      const mas = `http://127.0.0.1:${await freePort()}`;
      const lines = `  mas_url: ${mas}\n  mas_client_id: 01J00000000000000000000000\n  mas_client_secret: secret-of-a-test`;
      await appendFile(config, `${lines}\n`);
      await allRefused(/Matrix Authentication Service: it cannot be reached \(ECONNREFUSED\)/);
      expect(await stateOf(LEE)).to.equal(undefined);
      expect((await admin('give-role', LEE, 'administrator')).text).to.include('is not known');
    });

    it('D8 a lock that breaks off is called not known, and lines count on nobody who was refused to be locked', async () => {
      homeserver.interfere = (request) => (request.startsWith('PUT ') ? BROKEN : undefined);
      const broken = await admin('lock', LEE);
      expect(broken.code).to.equal(1);
      expect(broken.text)
        .to.include('is not known to be locked')
        .and.to.include('What was done before that is not known')
        .and.to.include(`carebridge admin unlock ${LEE}`);
      expect(await audited()).to.deep.equal([
        ...['admin.lock done begun', 'account.lock done begun', 'account.lock failed ended', 'admin.lock failed ended'],
      ]);
      expect(await stateOf(LEE)).to.include({ absence: 'locked', wasLocked: false });
      homeserver.interfere = () => undefined;
      expect(await admin('lock', LEE)).to.deep.include({ code: 0 });
      expect(await admin('unlock', LEE)).to.deep.include({ code: 0 });
      homeserver.interfere = (request) => (request.startsWith('PUT ') ? REFUSED : undefined);
      expect(await admin('lock', LEE)).to.deep.include({ code: 1 });
      expect(await stateOf(LEE)).to.equal(undefined);
    });

    it('kill -9 while the homeserver is at it leaves the beginning in the log, and it can be repeated', async function () {
      this.timeout(60_000);
      homeserver.interfere = (request) => (request.startsWith('PUT ') ? 'hang' : undefined);
      const child = await startChild(
        'carebridge',
        process.execPath,
        [MAIN, 'admin', 'lock', LEE, ...BY, '--config', config],
        { stdio: 'ignore' },
      );
      const isAsked = async () => homeserver.requests.some((what) => what.startsWith('PUT '));
      await waitFor('the lock to be asked for', isAsked, { timeoutMs: 40_000 });
      await child.kill();
      expect(await audited()).to.deep.equal(['admin.lock done begun', 'account.lock done begun']);
      homeserver.interfere = () => undefined;
      expect(await admin('lock', LEE)).to.deep.include({ code: 0 });
      expect(await stateOf(LEE)).to.include({ absence: 'locked', wasLocked: false });
      expect((await carebridge('audit', 'verify')).code).to.equal(0);
    });
  });

  it('several at once keep one log', async () => {
    const users = ['a', 'b', 'c', 'd'].map((name) => homeserver.addUser(name).name);
    const ended = await Promise.all(users.map((user) => admin('give-role', user, 'administrator')));
    expect(ended.map(({ code }) => code)).to.deep.equal([0, 0, 0, 0]);
    expect(await audited()).to.have.length(12);
    expect((await carebridge('audit', 'verify')).code).to.equal(0);
  });

  it('F1 tells the security room, as soon as there is one who can; the reason nowhere else', async () => {
    {
      await using storage = await openStorage(loadConfig(config, {}));
      await storage.settings.set('command-room', '!command');
    }
    await admin('give-role', LEE, 'administrator');
    await admin('give-role', LEE, 'king');
    await using storage = await openStorage(loadConfig(config, {}));
    const [row, ...others] = await storage.notices.due(Number.MAX_SAFE_INTEGER, new Set(), 10);
    expect(others).to.deep.equal([]);
    expect(row).to.have.property('roomId', '!command');
    expect(row?.notice).to.have.property('text').that.includes('ON THE HOST').and.not.includes('nobody can get in');
  });

  it('without the registration file says so, and has that in the log', async () => {
    await rm(join(dirname(config), 'registration.yaml'));
    const { code, text } = await admin('unlock', LEE);
    expect(code).to.equal(1);
    expect(text).to.match(/there is no such file.*Nothing was done/s);
    expect(await audited()).to.deep.equal(['admin.unlock done begun', 'admin.unlock failed ended']);
    expect(await admin('give-role', LEE, 'administrator')).to.deep.include({ code: 0 });
  });

  describe('who', () => {
    it('says that nobody can where the one administrator is locked, and where nothing can be told', async () => {
      homeserver.addUser('admin').locked = true;
      const { code, text } = await carebridge('admin', 'who');
      expect(code).to.equal(1);
      expect(text)
        .to.match(/^cannot @admin:hospital\.test {2}account locked/)
        .and.to.match(/The command room: there is none\./)
        .and.to.match(/Nobody can administer now/);
      await homeserver.stop();
      expect((await carebridge('admin', 'who')).text).to.match(/account not known .*cannot be reached/);
      await homeserver.start();
      expect(await audited()).to.deep.equal([]);
    });

    it('D3 says of whoever was locked by a command that nothing is taken from them, whatever the homeserver says', async () => {
      homeserver.addUser('admin');
      {
        await using storage = await openStorage(loadConfig(config, {}));
        const was = { wasLocked: false, wasSuspended: false, absence: 'locked', successor: undefined } as const;
        await storage.accountStates.set({ ...was, userId: '@admin:hospital.test' as UserId, by: LEE, at: 1 });
      }
      expect((await carebridge('admin', 'who')).text).to.match(
        /^cannot @admin:hospital\.test {2}account active; locked out by a command.*`admin unlock`$/m,
      );
    });
  });

  for (const [args, words] of [
    [[], /Say what to do: carebridge admin who, give-role, unlock/],
    [['unlok', LEE, ...BY], /Say what to do/],
    [['unlock', ...BY], /Write: carebridge admin unlock @user --by/],
    [['unlock', LEE, 'now', ...BY], /Write: carebridge admin unlock @user --by/],
    [['give-role', LEE, ...BY], /Write: carebridge admin give-role @user ROLE --by/],
    [['unlock', 'lee', ...BY], /a whole id such as/],
    [['unlock', LEE, '--reason', 'x'], /--by is missing/],
    [['unlock', LEE, '--by', 'me', '--reason', 'x'], /--by takes a Matrix user id/],
    [['unlock', LEE, '--by', LEE], /--reason is missing/],
    [['unlock', LEE, '--by', LEE, '--reason', ' '], /--reason is missing/],
  ] as const) {
    it(`admin ${args.join(' ')}: says what is wrong, and does nothing`, async () => {
      const { code, text } = await carebridge('admin', ...args);
      expect(code).to.equal(1);
      expect(text).to.match(words);
      expect(homeserver.requests).to.deep.equal([]);
      expect(await audited()).to.deep.equal([]);
    });
  }
});
