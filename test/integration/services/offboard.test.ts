import { expect } from 'chai';
import { useFakeTimers } from 'sinon';
import { RetryableError, UserError } from '../../../src/errors.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { openAccounts } from '../../../src/matrix/accounts/detect.ts';
import type { RoleId } from '../../../src/model/role.ts';
import type { OffboardAccount } from '../../../src/services/offboard-account.ts';
import { PATIENCE_MS } from '../../../src/services/offboard-procedures.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';
import { ADMIN_TOKEN, AS_TOKEN, FakeAccountHomeserver } from '../../support/fake-account-homeserver.ts';
import { CrashPoint } from '../../support/fakes/crash-point.ts';
import {
  AccountFixture,
  ADMIN,
  COMMAND_ROOM,
  HOUR_MS,
  NAMESPACE,
  openAccountStorage,
  SECOND,
  type Wrap,
} from './account-fixture.ts';

let count = 0;

describe('Offboarding', () => {
  let storage: Storage;
  before(async () => (storage = await openAccountStorage()));
  after(() => storage.close());

  interface Leaver {
    readonly fixture: AccountFixture;
    readonly user: UserId;
    readonly rooms: readonly RoomId[];
  }

  async function leaver(): Promise<Leaver> {
    const fixture = new AccountFixture(storage);
    const user = `@leaver-${++count}:hospital.test` as UserId;
    fixture.accounts.add(user, ['PHONE', 'DESK']);
    fixture.withLines([user, SECOND]);
    const given = { userId: user, givenBy: ADMIN, at: 1 };
    await storage.roles.give({ ...given, roleId: 'nurse' as RoleId, source: 'command' });
    await storage.roles.give({ ...given, roleId: 'lead' as RoleId, source: 'csv' });
    // As at the start of the bridge: with the line comes its role.
    await fixture.parts().recordConfigured();
    const rooms = [await fixture.room([user, SECOND]), await fixture.room([user])];
    fixture.roomControl.move(rooms[1]!, user, 'invite', SECOND);
    await fixture.room([SECOND]);
    return { fixture, user, rooms };
  }

  /** Rooms of earlier tests are governed too, and another fixture's. */
  async function forgetRooms(): Promise<void> {
    for (const { roomId } of await storage.governedRooms.all()) await storage.governedRooms.release(roomId, 'test', 2);
  }
  beforeEach(forgetRooms);

  async function expectGone({ fixture, user, rooms }: Leaver): Promise<void> {
    expect(await fixture.accounts.find(user)).to.include({ isLocked: true });
    expect(await fixture.accounts.devices(user)).to.deep.equal([]);
    expect((await storage.roles.current()).filter(({ userId }) => userId === user)).to.deep.equal([]);
    expect(rooms.map((room) => fixture.roomControl.membership(room, user))).to.deep.equal(['leave', 'leave']);
    expect(fixture.lines.all[0]?.team).to.not.include(user);
    expect(fixture.rotated).to.include(user);
  }

  const finish = async (offboard: OffboardAccount) => {
    offboard.wake();
    await offboard.settled();
  };

  /** What the command does, and nothing more: the process ends. */
  async function beginOnly(fixture: AccountFixture, user: UserId, wrap?: Wrap): Promise<void> {
    const offboard = fixture.offboard(wrap);
    await offboard.stop();
    await offboard.begin(fixture.request(user), COMMAND_ROOM, ADMIN);
  }

  it('A7 ends sessions, locks, hands lines over, takes roles, and gets the user out of every room, each step reported', async () => {
    const leaving = await leaver();
    const { fixture, user } = leaving;
    const offboard = fixture.offboard();
    await offboard.begin(fixture.request(user, { reason: 'left the hospital' }), COMMAND_ROOM, ADMIN);
    await offboard.settled();
    await expectGone(leaving);
    expect(fixture.lines.all[0]?.team).to.deep.equal([SECOND, ADMIN]);
    const [report, ...more] = await fixture.said();
    expect(more).to.deep.equal([]);
    expect(report).to.match(/is offboarded\./);
    for (const step of ['lock', 'sessions', 'lines', 'roles', 'emergencies', 'rooms', 'keys', 'last-look'])
      expect(report).to.match(new RegExp(`✓ ${step}: `));
    expect(report)
      .to.match(/in no governed room/)
      .and.match(/✓ roles: nurse, lead, line-team$/m);
    expect((await fixture.services().whois.look(user)).text).to.match(/: locked[^]*offboarded: `reactivate`/);
    const rows = (await storage.auditTrail.rows(0, 10_000)).filter(({ target }) => target === user);
    expect(rows.filter(({ action }) => action === 'account.offboard')).to.have.length(10);
    expect(rows.filter(({ action }) => action === 'role.take')).to.have.length(2);
    const lineTeam = (await storage.roles.current()).filter(({ roleId }) => roleId === 'line-team');
    expect(lineTeam.map(({ userId }) => userId)).to.have.members([SECOND, ADMIN]);
  });

  it('A7, F7 who had which role on a day before stays answerable', async () => {
    const { fixture, user } = await leaver();
    const before = Date.now();
    fixture.clock = before + HOUR_MS;
    const offboard = fixture.offboard();
    const clock = useFakeTimers({ now: fixture.clock, toFake: ['Date'] });
    try {
      await offboard.begin(fixture.request(user), COMMAND_ROOM, ADMIN);
      await offboard.settled();
    } finally {
      clock.restore();
    }
    await fixture.said();
    const rolesAt = async (at: number) =>
      (await storage.roles.asOf(at)).flatMap(({ userId, roleId }) => (userId === user ? [roleId] : []));
    expect(await rolesAt(before)).to.have.members(['nurse', 'lead', 'line-team']);
    expect(await rolesAt(fixture.clock)).to.deep.equal([]);
  });

  it('A7 shows what could not be done as partial', async () => {
    const { fixture, user, rooms } = await leaver();
    fixture.roomControl.denies.add('remove');
    await storage.roles.give({ userId: user, roleId: 'ward' as RoleId, source: 'directory', givenBy: 'ldap', at: 1 });
    const offboard = fixture.offboard();
    await offboard.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await offboard.settled();
    const [report] = await fixture.said();
    expect(report)
      .to.match(/offboarded in part\. Look at: roles, rooms/)
      .and.match(/✗ roles: .*ward \(directory\)/);
    expect(fixture.roomControl.membership(rooms[0]!, user)).to.equal('join');
    expect((await storage.roles.current()).filter(({ userId }) => userId === user)).to.deep.equal([]);
  });

  it('A7 locks again whom an `unlock` let in that came to the server after the lock, and says so', async () => {
    const { fixture, user } = await leaver();
    const offboard = fixture.offboard();
    fixture.roomControl.onApply = () => {
      fixture.accounts.add(user, ['LATE'], { isLocked: false });
      fixture.roomControl.onApply = () => undefined;
    };
    await offboard.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await offboard.settled();
    expect(await fixture.accounts.find(user)).to.include({ isLocked: true });
    expect(await fixture.accounts.devices(user)).to.deep.equal([]);
    const [report] = await fixture.said();
    expect(report)
      .to.match(/is offboarded\.$/m)
      .and.match(/✓ last-look: it was not locked, and is now; sessions: the account has no device any more$/m);
  });

  it('waits for a server that is away, and goes on by itself', async () => {
    const leaving = await leaver();
    const { fixture, user } = leaving;
    const offboard = fixture.offboard();
    let asked = 0;
    fixture.roomControl.onApply = () => {
      asked += 1;
      if (asked === 1) throw new RetryableError('away');
    };
    await offboard.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await offboard.settled();
    await expectGone(leaving);
    expect(await fixture.said()).to.have.length(1);
  });

  it('A7 locks and signs out once the server is back that is away for half a minute, and says meanwhile what waits', async () => {
    const { fixture, user, rooms } = await leaver();
    const server = new FakeAccountHomeserver('native');
    await server.start();
    try {
      server.addUser(user.slice(1, user.indexOf(':')));
      server.addUser('admin');
      server.addDevice(user, 'PHONE');
      const own = { adapter: 'auto', mas: undefined, adminToken: ADMIN_TOKEN, asToken: AS_TOKEN } as const;
      const accounts = openAccounts({ ...own, homeserverUrl: server.url, now: () => fixture.clock });
      const wrap: Wrap = (name, target) => (name === 'accounts' ? (accounts as never) : target);
      await beginOnly(fixture, user, wrap);
      // What was detected is believed for ten seconds.
      fixture.clock += 11_000;
      const backAt = fixture.clock + 30_000;
      // As it answers while it starts: also to who owns the accounts.
      const starting = { status: 502, body: { errcode: 'M_UNKNOWN' } };
      server.interfere = () => (fixture.clock < backAt ? starting : undefined);
      await finish(fixture.offboard(wrap));
      expect(server.users.get(user)).to.include({ locked: true });
      expect(server.users.get(user)?.devices.size).to.equal(0);
      expect(rooms.map((room) => fixture.roomControl.membership(room, user))).to.deep.equal(['leave', 'leave']);
      const [waits, report, ...more] = await fixture.said();
      expect(more).to.deep.equal([]);
      expect(waits)
        .to.match(/is not done yet\. The bot keeps trying/)
        .and.match(/^… lock: The homeserver answered 502/m)
        .and.not.match(/rooms:|lines:/);
      expect(report)
        .to.match(/ is offboarded\.$/m)
        .and.match(/✓ lock: /)
        .and.match(/✓ sessions: /);
    } finally {
      await server.stop();
    }
  });

  it('A7 reports as partial what could not be done for an hour, and `offboard` again does what is left', async () => {
    const leaving = await leaver();
    const { fixture, user } = leaving;
    await beginOnly(fixture, user);
    const began = fixture.clock;
    fixture.accounts.isAway = true;
    await finish(fixture.offboard());
    expect(fixture.clock - began).to.be.within(PATIENCE_MS, PATIENCE_MS + 60_000);
    const [waits, report, ...more] = await fixture.said();
    expect(more).to.deep.equal([]);
    expect(waits).to.match(/… lock: The server is away/);
    expect(report)
      .to.match(/is offboarded in part\. Look at: lock, sessions, last-look\.$/m)
      .and.match(/✗ lock: The server is away/)
      .and.match(/✓ rooms: in no governed room/)
      .and.match(/`offboard` again does what is left\.$/);
    expect(await storage.accountProcedures.unfinished()).to.deep.equal([]);

    fixture.accounts.isAway = false;
    const again = fixture.offboard();
    await again.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await again.settled();
    expect((await fixture.said())[0]).to.match(/is offboarded\.$/m);
    await expectGone(leaving);
    // Who stands in was named the first time.
    expect(fixture.lines.all[0]?.team).to.deep.equal([SECOND, ADMIN]);
  });

  it('A7 restarts do not lengthen the hour, and time before the server was first asked does not count', async () => {
    const { fixture, user } = await leaver();
    await beginOnly(fixture, user);
    fixture.accounts.isAway = true;
    // The machine was off meanwhile.
    fixture.clock += 2 * PATIENCE_MS;
    const first = fixture.clock;
    for (let restarts = 0; (await storage.accountProcedures.unfinished()).length > 0; restarts++) {
      expect(restarts, 'it ends').to.be.below(10);
      const died = fixture.clock + PATIENCE_MS / 4;
      const process: OffboardAccount = fixture.offboard(undefined, () => {
        if (fixture.clock >= died) void process.stop();
      });
      await finish(process);
    }
    expect(fixture.clock - first).to.be.within(PATIENCE_MS, PATIENCE_MS + 60_000);
    const [waits, report, ...more] = await fixture.said();
    expect(more).to.deep.equal([]);
    expect(waits).to.match(/is not done yet/);
    expect(report).to.match(/is offboarded in part\. Look at: lock, sessions, last-look\.$/m);
  });

  it('A7 a room whose server is away keeps nobody in the others', async () => {
    const { fixture, user, rooms } = await leaver();
    fixture.roomControl.onApply = (roomId) => {
      if (roomId === rooms[0]) throw new RetryableError('away');
    };
    const offboard = fixture.offboard();
    await offboard.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await offboard.settled();
    expect(rooms.map((room) => fixture.roomControl.membership(room, user))).to.deep.equal(['join', 'leave']);
    expect((await fixture.said()).at(-1)).to.match(/✗ rooms: .*could not be removed from 1/);
  });

  it('A7 a room that the bot was put out of is named, and keeps nobody in the others', async () => {
    const { fixture, user, rooms } = await leaver();
    fixture.roomControl.move(rooms[0]!, NAMESPACE.bot, 'leave', SECOND);
    const offboard = fixture.offboard();
    expect(await offboard.look({ actor: ADMIN, target: user }, undefined)).to.include({ rooms: 1, unseen: 1 });
    await offboard.begin(fixture.request(user), COMMAND_ROOM, undefined);
    await offboard.settled();
    expect(rooms.map((room) => fixture.roomControl.membership(room, user))).to.deep.equal(['join', 'leave']);
    expect((await fixture.said()).at(-1)).to.match(
      /✗ rooms: could not be removed from 1: \S+; in no other governed room or space any more/,
    );
  });

  it('D7, A9 from the moment it is committed nobody counts on whoever leaves, also while the servers are away', async () => {
    const { fixture, user } = await leaver();
    await beginOnly(fixture, user);
    expect(fixture.lines.all[0]?.team).to.deep.equal([SECOND, ADMIN]);
    await finish(fixture.offboard());
    await fixture.said();
  });

  it('A9 of two administrators who offboard each other at once, one stays', async () => {
    const fixture = new AccountFixture(storage);
    const requests = [fixture.request(SECOND, { actor: ADMIN }), fixture.request(ADMIN, { actor: SECOND })];
    const offboard = fixture.offboard();
    const ends = await Promise.allSettled(requests.map((request) => offboard.begin(request, COMMAND_ROOM, undefined)));
    await offboard.settled();
    await fixture.said();
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
    expect(refused).to.have.length(1);
    expect(refused[0]?.message).to.match(/last one who can manage accounts/);
    expect(
      (await storage.accountStates.current()).filter(({ userId }) => [ADMIN, SECOND].includes(userId)),
    ).to.have.length(1);
    for (const state of await storage.accountStates.current()) await storage.accountStates.replace(state, undefined);
  });

  it('A7, D8 whoever leaves is not unlocked or taken back meanwhile, and afterwards only by `reactivate`', async () => {
    const { fixture, user } = await leaver();
    await beginOnly(fixture, user);
    const { unlockAccount, reactivateAccount } = fixture.services();
    const request = () => fixture.request(user);
    const refusal = async (work: Promise<unknown>) => ((await work.catch((error: unknown) => error)) as Error).message;
    for (const work of [
      () => unlockAccount.run(request()),
      () => reactivateAccount.run(request()),
      () => fixture.offboard().begin(request(), COMMAND_ROOM, undefined),
    ])
      expect(await refusal(work())).to.match(/^Refused: .* is being offboarded\. Wait for the report/);
    await finish(fixture.offboard());
    expect(await refusal(unlockAccount.run(request()))).to.match(/was offboarded: `reactivate` takes them back/);
    expect(fixture.lines.all[0]?.team).to.deep.equal([SECOND, ADMIN]);
    expect(await fixture.accounts.find(user)).to.include({ isLocked: true });
    await fixture.said();
  });

  it('A9 refuses whom it must not, and a successor who cannot be one', async () => {
    const { fixture, user } = await leaver();
    const offboard = fixture.offboard();
    const nobody = '@nobody:hospital.test' as UserId;
    const reader = '@reader:hospital.test' as UserId;
    fixture.accounts.add(reader, [], { isSuspended: true });
    for (const [target, successor] of [
      [ADMIN, undefined],
      [user, user],
      [user, nobody],
      // They could not answer a patient (D7).
      [user, reader],
    ] as const) {
      const error = await offboard.begin(fixture.request(target), COMMAND_ROOM, successor).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(UserError);
    }
    expect(await storage.accountProcedures.unfinished()).to.deep.equal([]);
  });

  it('reactivates somebody who came back: lines as before, no role beside theirs', async () => {
    const { fixture, user } = await leaver();
    const offboard = fixture.offboard();
    await offboard.begin(fixture.request(user), COMMAND_ROOM, ADMIN);
    await offboard.settled();
    const { reactivateAccount } = fixture.services();
    expect(await reactivateAccount.run(fixture.request(user))).to.include({ outcome: 'done' });
    expect(await fixture.accounts.find(user)).to.include({ isLocked: false });
    expect(fixture.lines.all[0]?.team).to.deep.equal([user, SECOND]);
    const held = (await storage.roles.current()).filter(({ userId }) => userId === user);
    expect(held.map(({ roleId }) => roleId)).to.deep.equal(['line-team']);
    await fixture.said();
  });

  describe('a process that dies at any call', function () {
    this.timeout(60_000);

    // Between two calls nothing lasts, so that dying after one is dying before the next, but for what the process itself believed.
    for (const [when, stride] of [
      ['before', 1],
      ['after', 5],
    ] as const) {
      it(`A7 finishes and reports once, when it died ${when} it`, async () => {
        const places: string[] = [];
        for (let at = 1; ; at += stride) {
          await forgetRooms();
          const leaving = await leaver();
          const { fixture, user } = leaving;
          const crash = new CrashPoint(at, when);
          const dying = fixture.offboard(crash.wrap);
          crash.stopping.addEventListener('abort', () => void dying.stop());
          const request = fixture.request(user);
          await dying.begin(request, COMMAND_ROOM, ADMIN).catch(() => undefined);
          await dying.settled();
          // The command's row was not answered: its event is handled again, by a new process.
          const next = fixture.offboard();
          if (crash.where !== undefined) await next.begin({ ...request, isRepeat: true }, COMMAND_ROOM, ADMIN);
          await finish(next);
          const where = `${crash.where ?? 'nowhere'} (${at})`;
          await expectGone(leaving).catch((error: Error) => {
            throw new Error(`${where}: ${error.message}`, { cause: error });
          });
          const reports = (await fixture.said()).filter((text) => text.startsWith(user));
          expect(reports, where).to.have.length(1);
          expect(reports[0], where).to.match(/is offboarded\./);
          if (crash.where === undefined) break;
          places.push(crash.where);
        }
        if (stride > 1) return;
        // Every port that has an effect was a place to die at.
        for (const port of [
          'accounts.lock',
          'accounts.endAllSessions',
          'accountStates.set',
          'accountProcedures.addStep',
        ])
          expect(places.join()).to.include(port);
        expect(places.length).to.be.greaterThan(60);
      });
    }
  });
});
