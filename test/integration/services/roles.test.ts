/** Giving, taking, importing and following roles, over a real database. */
import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import type { EventId } from '../../../src/model/ids.ts';
import type { RoleId, RoleSource } from '../../../src/model/role.ts';
import type { DirectoryMember, IdentitySource } from '../../../src/ports/identity-source.ts';
import { GiveRole } from '../../../src/services/give-role.ts';
import { ImportRoles } from '../../../src/services/import-roles.ts';
import { ListRoles } from '../../../src/services/list-roles.ts';
import { SyncDirectory } from '../../../src/services/sync-directory.ts';
import { TakeRole } from '../../../src/services/take-role.ts';
import { FixturePolicy, roleId, user } from '../../support/roles-fixture.ts';
import { openTestStores, type TestStores } from './test-stores.ts';

const MINUTE = 60_000;
let events = 0;

/** A directory whose answer the test sets. */
class FakeDirectory implements IdentitySource {
  readonly name = 'fake';
  answer: Record<string, readonly string[]> | Error = {};
  readings = 0;

  async members(): Promise<readonly DirectoryMember[]> {
    this.readings += 1;
    if (this.answer instanceof Error) throw this.answer;
    return Object.entries(this.answer).map(([name, ids]) => ({
      userId: user(name),
      roleIds: new Set(ids as readonly RoleId[]),
    }));
  }

  async check(): Promise<undefined> {
    return undefined;
  }
}

describe('roles', () => {
  let opened: TestStores;
  let clock: SinonFakeTimers;
  let policy: FixturePolicy;
  let directory: FakeDirectory;
  let sync: SyncDirectory;
  let audited: AuditEntry[];
  let told: string[];
  let give: GiveRole;
  let take: TakeRole;
  let importer: ImportRoles;

  beforeEach(async () => {
    opened = await openTestStores();
    clock = useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['Date'] });
    audited = [];
    told = [];
    const { roles, transactions, audit } = opened.stores;
    policy = new FixturePolicy(roles);
    const parts = {
      roles,
      transactions,
      policy,
      audit: {
        append: async (entry: Parameters<typeof audit.append>[0]) => {
          await audit.append(entry);
          audited.push(entry);
        },
      },
    };
    directory = new FakeDirectory();
    give = new GiveRole(parts);
    take = new TakeRole(parts);
    importer = new ImportRoles(parts);
    sync = new SyncDirectory({
      ...parts,
      source: directory,
      notifier: { tellAdmins: async (text) => void told.push(text) },
      log: silentLogger,
      intervalMs: 10 * MINUTE,
      mostTaken: 0.5,
    });
    await seed('admin', 'administrator', 'configuration');
  });

  afterEach(async () => {
    await sync[Symbol.asyncDispose]();
    clock.restore();
    await opened[Symbol.asyncDispose]();
  });

  function seed(name: string, id: string, source: RoleSource) {
    const given = { userId: user(name), roleId: roleId(id), source, givenBy: 'the test', at: Date.now() };
    return opened.stores.roles.give(given);
  }

  function cause() {
    return { eventId: `$event${++events}` as EventId, trace: 'trace', reason: 'joined the ward', ticket: 'T-1' };
  }

  function asked(actor: string, name: string, role: string) {
    return { actor: user(actor), user: user(name), role: roleId(role) };
  }

  async function inEffect(): Promise<string[]> {
    const { assignments } = await new ListRoles(opened.stores).run({});
    return assignments.map(({ userId, roleId: id, source }) => `${userId.slice(1).split(':')[0]} ${id} ${source}`);
  }

  function audit(): string[] {
    return audited.map((line) => {
      const { role, source } = (line.after ?? line.before) as { role: string; source: string };
      return `${line.actor} ${line.action} ${line.target} ${role} ${source}`;
    });
  }

  describe('by command', () => {
    it('A1 gives and takes, says so in the audit log, and has the policy made anew', async () => {
      const why = cause();
      expect(await give.run(asked('admin', 'lee', 'nurse'), why)).to.have.property('outcome', 'allowed');
      expect(await inEffect()).to.deep.equal(['admin administrator configuration', 'lee nurse command']);
      expect(policy.invalidated).to.equal(1);
      expect(await take.run(asked('admin', 'lee', 'nurse'), cause())).to.have.property('outcome', 'allowed');
      expect(await inEffect()).to.deep.equal(['admin administrator configuration']);
      expect(policy.invalidated).to.equal(2);
      expect(audit()).to.deep.equal([
        '@admin:hospital.test role.give @lee:hospital.test nurse command',
        '@admin:hospital.test role.take @lee:hospital.test nurse command',
      ]);
      expect(audited[0]).to.include({ sourceEvent: why.eventId, reason: 'joined the ward', ticket: 'T-1' });
    });

    it('does a command that is run twice once', async () => {
      const why = cause();
      await give.run(asked('admin', 'lee', 'nurse'), why);
      expect(await give.run(asked('admin', 'lee', 'nurse'), why)).to.have.property('outcome', 'held');
      expect(audited).to.have.length(1);
      expect(policy.invalidated).to.equal(1);
    });

    it('changes nothing where the audit log cannot be written', async () => {
      const parts = {
        ...opened.stores,
        policy,
        audit: { append: () => Promise.reject(new RetryableError('The database is full.')) },
      };
      const error = await new GiveRole(parts).run(asked('admin', 'lee', 'nurse'), cause()).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(RetryableError);
      expect(await inEffect()).to.deep.equal(['admin administrator configuration']);
      expect(policy.invalidated).to.equal(0);
    });

    it('only looks where it is asked to', async () => {
      expect((await give.judge(asked('admin', 'lee', 'nurse'))).message).to.equal(
        '@lee:hospital.test would get the role nurse, nurse.',
      );
      expect(await inEffect()).to.have.length(1);
    });

    for (const { source, words } of [
      { source: 'directory', words: /take the user out of that group/ },
      { source: 'csv', words: /import a list without it/ },
      { source: 'configuration', words: /change it there/ },
    ] as const) {
      it(`A4 does not take what the ${source} gave, and says where it is taken`, async () => {
        await seed('lee', 'nurse', source);
        const verdict = await take.run(asked('admin', 'lee', 'nurse'), cause());
        expect(verdict).to.have.property('outcome', 'refused');
        expect(verdict.message).to.match(words);
        await give.run(asked('admin', 'lee', 'nurse'), cause());
        expect((await take.run(asked('admin', 'lee', 'nurse'), cause())).message).to.match(/lost.*Still has it/);
        expect(await inEffect()).to.include(`lee nurse ${source}`);
      });
    }

    it('A9 leaves somebody who may give roles', async () => {
      await opened.stores.roles.take({
        userId: user('admin'),
        roleId: roleId('administrator'),
        source: 'configuration',
        takenBy: 'the test',
        at: Date.now(),
      });
      await seed('one', 'administrator', 'command');
      await seed('two', 'administrator', 'command');
      expect(await take.run(asked('one', 'one', 'administrator'), cause())).to.have.property('outcome', 'allowed');
      const verdict = await take.run(asked('two', 'two', 'administrator'), cause());
      expect(verdict).to.deep.equal({
        outcome: 'refused',
        message: 'There would be nobody left who may give and take roles. Nothing was done.',
      });
      expect(await inEffect()).to.deep.equal(['two administrator command']);
    });
  });

  describe('from a list', () => {
    const person = () => ({ kind: 'user' as const, user: user('admin'), eventId: cause().eventId });
    const list = (...rows: string[]) => ['user,role', ...rows].join('\n');

    it('A4 makes the roles of the list those of the list, and leaves the others alone', async () => {
      await seed('lee', 'nurse', 'command');
      await importer.run(list('@lee:hospital.test,nurse', '@kim:hospital.test,auditor'), person(), 'trace');
      expect(await inEffect()).to.include.members(['lee nurse command', 'lee nurse csv', 'kim auditor csv']);
      const plan = await importer.plan(list('@kim:hospital.test,nurse'), person());
      if (plan.outcome === 'refused') throw new Error('refused');
      expect(plan.changes).to.deep.equal({
        give: [{ userId: user('kim'), roleId: 'nurse' }],
        take: [
          { userId: user('kim'), roleId: 'auditor' },
          { userId: user('lee'), roleId: 'nurse' },
        ],
      });
      await importer.run(list('@kim:hospital.test,nurse'), person(), 'trace');
      expect(await inEffect()).to.deep.equal([
        'admin administrator configuration',
        'kim nurse csv',
        'lee nurse command',
      ]);
      expect(audited).to.have.length(5);
    });

    it('A4 takes nothing of a list with a mistake', async () => {
      const plan = await importer.run(list('@lee:hospital.test,nurse', '@kim:hospital.test,king'), person(), 'trace');
      expect(plan).to.have.property('outcome', 'refused');
      expect(await inEffect()).to.have.length(1);
    });

    it('A9 gives no more than the one who imports has; whoever runs the program may', async () => {
      await seed('clerk', 'clerk', 'command');
      const text = list('@lee:hospital.test,administrator', '@kim:hospital.test,nurse');
      const clerk = { ...person(), user: user('clerk') };
      expect(await importer.run(text, clerk, 'trace')).to.deep.equal({
        outcome: 'refused',
        problems: [{ line: 1, problem: 'The role administrator has more power than you have. Nothing was done.' }],
      });
      expect(await inEffect()).to.have.length(2);
      await importer.run(text, { kind: 'operator', by: user('operator'), runId: 'run1' }, 'trace');
      expect(audited.at(-1)).to.include({ actor: user('operator'), cause: 'carebridge roles import' });
      expect(await inEffect()).to.include('lee administrator csv');
    });

    it('writes large lists in parts, so that texts are written between them', async () => {
      const rows = Array.from({ length: 120 }, (_, n) => `@n${n}:hospital.test,nurse`);
      await importer.run(list(...rows), person(), 'trace');
      expect(await inEffect()).to.have.length(121);
      expect(policy.invalidated).to.equal(1);
    });
  });

  describe('from a directory', () => {
    it('A4 follows: who joins a group has the role, who leaves has lost it', async () => {
      directory.answer = { lee: ['nurse'], kim: ['nurse', 'auditor'] };
      expect(await sync.runOnce()).to.equal(true);
      expect(await inEffect()).to.include.members([
        'kim auditor directory',
        'kim nurse directory',
        'lee nurse directory',
      ]);
      directory.answer = { kim: ['nurse'] };
      await sync.runOnce();
      expect(await inEffect()).to.deep.equal(['admin administrator configuration', 'kim nurse directory']);
      expect(audit().slice(3)).to.deep.equal([
        'carebridge role.take @kim:hospital.test auditor directory',
        'carebridge role.take @lee:hospital.test nurse directory',
      ]);
      expect(audited[0]).to.include({ cause: 'directory fake', outcome: 'done' });
      await sync.runOnce();
      expect(audited).to.have.length(5);
      expect(policy.invalidated).to.equal(2);
    });

    it('A4 takes nothing that another source gave', async () => {
      await seed('lee', 'nurse', 'command');
      await seed('lee', 'nurse', 'csv');
      directory.answer = { lee: ['nurse'] };
      await sync.runOnce();
      directory.answer = {};
      await sync.runOnce();
      expect(await inEffect()).to.include.members(['lee nurse command', 'lee nurse csv']);
      expect(await inEffect()).not.to.include('lee nurse directory');
    });

    it('A4 asks before it takes roles from more than the share that was set; what is given is given', async () => {
      const many = Array.from({ length: 10 }, (_, n) => `n${n}`);
      directory.answer = Object.fromEntries(many.map((name) => [name, ['nurse']]));
      await sync.runOnce();
      directory.answer = { n0: ['nurse', 'auditor'], n1: ['nurse'], n2: ['nurse'], n3: ['nurse'] };
      await sync.runOnce();
      await sync.runOnce();
      expect(await inEffect()).to.have.length(12);
      expect(told[0]).to.match(/roles from 6 of 10 people at once, so nothing was taken/);
      const plan = await sync.plan();
      expect(plan).to.include({ losing: 6, people: 10, isSuspicious: true });
      await sync.accept(plan.changes, { actor: user('admin'), eventId: cause().eventId, trace: 'trace' });
      expect(await inEffect()).to.have.length(6);
      expect(audited.at(-1)).to.include({ actor: user('admin'), cause: 'directory fake' });
    });

    it('A4 an empty answer takes roles from a few, not from many', async () => {
      directory.answer = { a: ['nurse'], b: ['nurse'], c: ['nurse'] };
      await sync.runOnce();
      directory.answer = {};
      await sync.runOnce();
      expect(await inEffect()).to.have.length(1);
      directory.answer = { a: ['nurse'], b: ['nurse'], c: ['nurse'], d: ['nurse'] };
      await sync.runOnce();
      directory.answer = {};
      await sync.runOnce();
      expect(await inEffect()).to.have.length(5);
    });

    it('A7 gives none to whoever was offboarded, and administrators hear that the directory still names them', async () => {
      policy.gone.add(user('lee'));
      directory.answer = { lee: ['nurse'], kim: ['nurse'] };
      await sync.runOnce();
      expect(await inEffect()).to.deep.equal(['admin administrator configuration', 'kim nurse directory']);
      expect(told[0]).to.match(/@lee:hospital\.test was offboarded: no role\. Take them out of the directory’s groups/);
      policy.gone.clear();
      await sync.runOnce();
      expect(await inEffect()).to.include('lee nurse directory');
    });

    it('A9 whoever was offboarded is not the administrator who is left, whatever source gave the role', async () => {
      await seed('second', 'administrator', 'directory');
      policy.gone.add(user('second'));
      const last = { outcome: 'refused', message: /nobody left who may give and take roles/ };
      await seed('boss', 'administrator', 'command');
      await opened.stores.roles.take({
        userId: user('admin'),
        roleId: roleId('administrator'),
        source: 'configuration',
        takenBy: 'the test',
        at: Date.now(),
      });
      const request = { actor: user('boss'), user: user('boss'), role: roleId('administrator') };
      const verdict = await take.run(request, cause());
      expect(verdict.outcome).to.equal(last.outcome);
      expect(verdict.message).to.match(last.message);
      const given = await give.run({ ...request, user: user('second') }, cause());
      expect(given.message).to.match(/was offboarded: no role before `reactivate`/);
    });

    it('A9 gives no role to our own users, and does not take the last administrator’s', async () => {
      await opened.stores.roles.take({
        userId: user('admin'),
        roleId: roleId('administrator'),
        source: 'configuration',
        takenBy: 'the test',
        at: Date.now(),
      });
      directory.answer = { boss: ['administrator'], carebridge: ['administrator'], _carebridge_x: ['nurse'] };
      await sync.runOnce();
      expect(await inEffect()).to.deep.equal(['boss administrator directory']);
      expect(told[0]).to.match(/@carebridge:hospital\.test belongs to the bridge/);
      directory.answer = {};
      await sync.runOnce();
      expect(await inEffect()).to.deep.equal(['boss administrator directory']);
      expect(told.at(-1)).to.match(/no longer names any administrator/);
    });

    it('A4 changes nothing while the directory cannot be read; administrators hear of it when it lasts, and when it is over', async () => {
      directory.answer = { lee: ['nurse'] };
      await sync.runOnce();
      directory.answer = new RetryableError('The directory cannot be reached (ECONNREFUSED).');
      expect(await sync.runOnce()).to.equal(false);
      expect(told).to.deep.equal([]);
      expect(sync.problem).to.equal('The directory cannot be reached (ECONNREFUSED).');
      clock.tick(31 * MINUTE);
      await sync.runOnce();
      expect(told).to.have.length(1);
      expect(told[0]).to.match(/has been unreadable since 2026-01-01T00:00:00\.000Z: The directory cannot be reached/);
      expect(await inEffect()).to.include('lee nurse directory');
      directory.answer = { lee: ['nurse'] };
      await sync.runOnce();
      expect(told.at(-1)).to.match(/can be read again/);
      expect(sync.problem).to.equal(undefined);
    });

    it('reads at once when it is started, and no more once it is stopped', async () => {
      directory.answer = { lee: ['nurse'] };
      const read = new Promise<void>((resolve) => {
        const { invalidate } = policy;
        policy.invalidate = () => (invalidate.call(policy), resolve());
      });
      sync.start();
      await read;
      await sync[Symbol.asyncDispose]();
      expect(directory.readings).to.equal(1);
      expect(await inEffect()).to.include('lee nurse directory');
    });
  });

  describe('as of a date', () => {
    it('F7 says who had which role then, and by which table', async () => {
      const { policyVersions } = opened.stores;
      const first = await policyVersions.keep('roles', '{"nurse":{"power":0}}', Date.now());
      await give.run(asked('admin', 'lee', 'nurse'), cause());
      const then = Date.now();
      clock.tick(10 * MINUTE);
      await policyVersions.keep('roles', '{"nurse":{"power":10}}', Date.now());
      await take.run(asked('admin', 'lee', 'nurse'), cause());
      clock.tick(MINUTE);
      const list = new ListRoles(opened.stores);
      const past = await list.run({ at: then, user: user('lee') });
      expect(past.assignments.map(({ roleId: id }) => id as string)).to.deep.equal(['nurse']);
      expect(past.assignments[0]).to.include({ givenBy: user('admin'), source: 'command', since: then });
      expect(past.table).to.include({ version: 1, hash: first.hash });
      const now = await list.run({ user: user('lee') });
      expect(now.assignments).to.deep.equal([]);
      expect(now.table).to.include({ version: 2 });
    });
  });
});
