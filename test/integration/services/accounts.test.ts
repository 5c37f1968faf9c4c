import { expect } from 'chai';
import { stub } from 'sinon';
import { PermanentError, RetryableError, UserError } from '../../../src/errors.ts';
import { labelOf } from '../../../src/model/device-label.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { LockAccount } from '../../../src/services/lock-account.ts';
import { SuspendAccount } from '../../../src/services/suspend-account.ts';
import { UnlockAccount } from '../../../src/services/unlock-account.ts';
import type { Storage } from '../../../src/storage/open-storage.ts';
import { openAccounts } from '../../../src/matrix/accounts/detect.ts';
import { ADMIN_TOKEN, AS_TOKEN, FakeAccountHomeserver } from '../../support/fake-account-homeserver.ts';
import { CrashPoint } from '../../support/fakes/crash-point.ts';
import { AccountFixture, ADMIN, NAMESPACE, openAccountStorage, SECOND } from './account-fixture.ts';

const PHONE = labelOf('PHONE');
const X = labelOf('X');
let count = 0;

describe('Acting on accounts', () => {
  let storage: Storage;
  let fixture: AccountFixture;
  let lee: UserId;
  let room: RoomId;
  before(async () => {
    storage = await openAccountStorage();
    room = await new AccountFixture(storage).room([]);
  });
  after(() => storage.close());
  beforeEach(() => {
    fixture = new AccountFixture(storage);
    lee = `@lee-${++count}:hospital.test` as UserId;
    fixture.accounts.add(lee, ['PHONE', 'DESK'], { displayName: 'Dr. Lee' });
    // One of them is none of the bridge's.
    fixture.accounts.rooms = () => [room, '!b'] as RoomId[];
  });

  const entries = async (target: UserId) => {
    const rows = await storage.auditTrail.rows(0, 10_000);
    return rows.filter((row) => row.target === target).map((row) => ({ ...row, ...storage.auditTrail.open(row) }));
  };
  const fault = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error as Error,
    );

  describe('lost device', () => {
    it('D1 ends the named device, changes the keys, and has the evidence in the log before (F5)', async () => {
      const result = await fixture.services().lostDevice.run(fixture.request(lee), PHONE);
      expect(result.outcome).to.equal('done');
      expect(result.text)
        .to.match(/✓ device PHONE is gone/)
        .and.match(/✓ new keys .*, in 1 room\n/)
        .and.match(/offline keeps/)
        .and.match(/^Expected, not verified: other members/m);
      expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal(['DESK']);
      expect(fixture.rotated).to.deep.equal([lee]);
      const [begun, ended] = await entries(lee);
      expect(begun).to.deep.include({ action: 'account.end-device', actor: ADMIN, outcome: 'done' });
      expect(JSON.stringify(begun?.before))
        .to.match(/10\.1\.2\.3/)
        .and.match(/Element on PHONE/);
      expect(ended).to.deep.include({ outcome: 'done', after: { devices: ['DESK'], ownerTold: false } });
      expect(result.text).to.match(/owner could not be told: tell them yourself/);
    });

    it('D1, F5 what is only evidence is not waited for: the log says why it is not there', async () => {
      fixture.accounts.whois = () => Promise.reject(new RetryableError('The homeserver is too slow.'));
      fixture.accounts.pushers = () => Promise.reject(new PermanentError('Refused.'));
      const result = await fixture.services().lostDevice.run(fixture.request(lee), PHONE);
      expect(result.outcome).to.equal('done');
      const [begun] = await entries(lee);
      expect(begun?.before).to.deep.include({
        pushers: 'not told: Refused.',
        connections: 'not told: The homeserver is too slow.',
      });
      expect(result.text).to.match(
        /^Not told by the servers, and so not in the audit log: where pushes went \(not told: Refused\.\); where it was used from \(.*too slow\.\)\.$/m,
      );
    });

    it('D1, F5 a server that never answers keeps no session alive: the answer and the log say what it did not tell', async () => {
      const server = new FakeAccountHomeserver('native');
      await server.start();
      try {
        server.addUser(lee.slice(1, lee.indexOf(':')));
        server.addUser('admin');
        for (const device of ['PHONE', 'DESK']) server.addDevice(lee, device);
        let isEnded = false;
        server.interfere = (request) => {
          isEnded ||= request.endsWith('/delete_devices');
          if (request.includes('/whois/')) return 'hang';
          // Asked again, it refuses: what was done is told all the same.
          if (request.endsWith('/pushers')) return isEnded ? { status: 502, body: {} } : 'hang';
          return undefined;
        };
        const accounts = openAccounts({
          adapter: 'native',
          mas: undefined,
          adminToken: ADMIN_TOKEN,
          asToken: AS_TOKEN,
          homeserverUrl: server.url,
        });
        const result = await fixture.lostDevice({ ...fixture.parts(), accounts }, 20).run(fixture.request(lee), PHONE);
        expect(result.outcome).to.equal('done');
        expect([...server.users.get(lee)!.devices.keys()]).to.deep.equal(['DESK']);
        expect(result.text)
          .to.match(/^✓ device PHONE is gone/m)
          .and.match(/^Note: Where pushes still go could not be asked\./m)
          .and.match(
            /^Not told by the servers, and so not in the audit log: where pushes went \(not told within 0\.02 s\); where it was used from \(not told within 0\.02 s\)\.$/m,
          );
        const [begun] = await entries(lee);
        expect(begun?.before).to.include({ connections: 'not told within 0.02 s', pushers: 'not told within 0.02 s' });
        expect(JSON.stringify(begun?.before)).to.match(/Element on PHONE/);
      } finally {
        await server.stop();
      }
    });

    it('D1 tells the owner in the command room, where a device is left that can read it', async () => {
      const roomId = await fixture.room([]);
      const parts = fixture.parts();
      const inRoom = { all: async () => [], ofKind: async () => [await storage.governedRooms.find(roomId)] };
      const lostDevice = fixture.lostDevice({ ...parts, governedRooms: inRoom as never });
      fixture.inCommandRoom.add(lee);
      const result = await lostDevice.run(fixture.request(lee), PHONE);
      expect(result.text).to.match(/✓ the owner is told in the command room/);
      expect((await fixture.said()).join()).to.match(/your device PHONE \(Element on PHONE\) was reported lost/);
      // The last one: nobody could read it.
      const last = await lostDevice.run(fixture.request(lee), labelOf('DESK'));
      expect(last.text)
        .to.match(/The owner could not be told: tell them yourself/)
        .and.not.match(/is told/);
      await lostDevice.run(fixture.request(lee), undefined);
      expect(await fixture.said()).to.deep.equal([]);
    });

    it('D1 ends all', async () => {
      expect(await fixture.services().lostDevice.run(fixture.request(lee), undefined)).to.include({ outcome: 'done' });
      expect(await fixture.accounts.devices(lee)).to.deep.equal([]);
    });

    it('D1 with MAS away says at once what may still work: as the homeserver lists it, or as it was seen last', async () => {
      fixture.accounts.isMas = true;
      const { lostDevice, lockAccount } = fixture.services();
      fixture.accounts.isOwnerAway = true;
      const listed = await fault(lostDevice.run(fixture.request(lee), PHONE));
      expect(listed).to.be.instanceOf(PermanentError);
      expect(listed?.message)
        .to.include('until somebody ends them: device PHONE, device DESK, and sessions without a device')
        .and.to.include('Repeat');
      fixture.accounts.isAway = true;
      await storage.watchedDevices.set({ userId: lee, device: PHONE, firstSeenAt: 1, networks: [], told: [] });
      const remembered = await fault(lockAccount.look({ actor: ADMIN, target: lee }));
      expect(remembered?.message).to.include('device PHONE (as last seen)');
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('D1 with MAS refusing the bridge’s token says at once what to do, and what may still work', async () => {
      fixture.accounts.isMas = true;
      fixture.accounts.find = async () => Promise.reject(new PermanentError('Its token is not valid: renew it.'));
      const refused = await fault(fixture.services().lostDevice.run(fixture.request(lee), PHONE));
      expect(refused).to.be.instanceOf(PermanentError);
      expect(refused?.message)
        .to.match(/^Its token is not valid: renew it\. Nothing was done to/)
        .and.to.include('until somebody ends them: device PHONE, device DESK, and sessions without a device')
        .and.to.include('Repeat the command when that is fixed.');
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('with the homeserver away it is tried again later: nobody could be told', async () => {
      fixture.accounts.isAway = true;
      const error = await fault(fixture.services().lostDevice.run(fixture.request(lee), PHONE));
      expect(error).to.be.instanceOf(RetryableError);
    });

    it('names the devices there are where there is none of that id', async () => {
      const error = await fault(fixture.services().lostDevice.run(fixture.request(lee), labelOf('PHONEE')));
      expect(error).to.be.instanceOf(UserError);
      expect(error?.message).to.match(/no device PHONEE.*PHONE, DESK/);
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('D1 calls no device gone that never was, also where the process may have died before', async () => {
      const request = fixture.request(lee, { isRepeat: true });
      const error = await fault(fixture.services().lostDevice.run(request, labelOf('PHONEE')));
      expect(error?.message).to.match(/^There is no device PHONEE\. Nothing was done\. There are: PHONE, DESK\.$/);
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('D1 claims neither new keys nor what others’ clients do where the device was not ended', async () => {
      fixture.accounts.endDevice = async () => ({
        done: false,
        verified: ['oauth2 session ended in MAS'],
        mayLive: ['device PHONE'],
        problem: 'The homeserver still lists these devices.',
      });
      const result = await fixture.services().lostDevice.run(fixture.request(lee), PHONE);
      expect(result.outcome).to.equal('partial');
      expect(result.text).to.match(/✗ may still work until somebody ends them: device PHONE/);
      expect(result.text).not.to.match(/new keys|other members/);
    });

    it('D5 takes no device for another, however alike their ids look', async () => {
      fixture.accounts.add(lee, ['PHONE', 'PHONE\u200b', 'PHONE ', '']);
      const { lostDevice, listDevices } = fixture.services();
      const { text } = await listDevices.list(lee);
      for (const label of ['PHONE', 'PHONE\\u{200b}', 'PHONE\\u{20}']) expect(text).to.include(`  ${label}  Element`);
      await lostDevice.run(fixture.request(lee), labelOf('PHONE\u200b'));
      expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal([
        'PHONE',
        'PHONE ',
        '',
      ]);
      await lostDevice.run(fixture.request(lee), PHONE);
      expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal(['PHONE ', '']);
    });

    it('D1 says done wherever the process that was to do it died', async () => {
      for (const when of ['before', 'after'] as const) {
        fixture.accounts.add(lee, ['PHONE', 'DESK']);
        const request = fixture.request(lee);
        for (let at = 1; ; at++) {
          const crash = new CrashPoint(at, when);
          const work = fixture.lostDevice(fixture.parts(crash.wrap)).run({ ...request, isRepeat: at > 1 }, PHONE);
          const end = await work.catch((error: unknown) => error);
          if (crash.where !== undefined) continue;
          expect(end).to.include({ outcome: 'done' });
          break;
        }
        expect((await fixture.accounts.devices(lee)).map(({ deviceId }) => deviceId)).to.deep.equal(['DESK']);
      }
    });

    it('does nothing where the audit log cannot be written', async () => {
      const parts = fixture.parts((name, target) =>
        name === 'audit' ? ({ append: async () => Promise.reject(new RetryableError('disk full')) } as never) : target,
      );
      expect(await fault(fixture.lostDevice(parts).run(fixture.request(lee), PHONE))).to.be.instanceOf(RetryableError);
      const locking = new LockAccount(parts).run(fixture.request(lee), { endSessions: true });
      expect(await fault(locking)).to.be.instanceOf(RetryableError);
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('A9 refuses the account that the admin token acts by', async () => {
      fixture.adminAccount = lee;
      const refused = await fixture
        .services()
        .lockAccount.run(fixture.request(lee), { endSessions: true })
        .catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(UserError).with.property('message').that.includes('is protected');
      expect(fixture.accounts.changes).to.deep.equal([]);
    });

    it('A9 refuses accounts that are not to be touched, before anything is asked of them', async () => {
      const { lostDevice } = fixture.services();
      fixture.accounts.add('@boss:hospital.test' as UserId, ['X'], { isAdmin: true });
      for (const target of [NAMESPACE.bot, '@care_ghost:hospital.test', '@lee:elsewhere.test', '@boss:hospital.test']) {
        const error = await fault(lostDevice.run(fixture.request(target as UserId), X));
        expect(error, target).to.be.instanceOf(UserError);
        expect(error?.message).to.match(/^Refused/);
      }
      const approved = fixture.request('@boss:hospital.test' as UserId, { confirmedBy: SECOND });
      expect(await lostDevice.run(approved, X)).to.include({ outcome: 'done' });
    });
  });

  describe('lock and unlock', () => {
    it('D2, D7 locks, and lines skip the user; D8 unlock restores exactly what was, and both ends are on record', async () => {
      fixture.withLines([lee], [lee, SECOND]);
      const { lockAccount, unlockAccount } = fixture.services();
      expect(await lockAccount.run(fixture.request(lee), { endSessions: false })).to.include({ outcome: 'done' });
      expect(await fixture.accounts.find(lee)).to.include({ isLocked: true });
      expect(fixture.lines.all.map(({ team }) => team)).to.deep.equal([[ADMIN], [SECOND]]);
      expect(fixture.rotated).to.deep.equal([lee]);
      expect(await unlockAccount.run(fixture.request(lee))).to.include({
        outcome: 'done',
        text: '✓ the account is as it was before: not locked, not suspended',
      });
      expect(await fixture.accounts.find(lee)).to.include({ isLocked: false, isSuspended: false });
      expect(fixture.lines.all.map(({ team }) => team)).to.deep.equal([[lee], [lee, SECOND]]);
      expect((await entries(lee)).map(({ action }) => action)).to.deep.equal([
        ...['account.lock', 'account.lock', 'account.unlock', 'account.unlock'],
      ]);
    });

    for (const [absence, word] of [
      ['gone', 'offboarded'],
      ['locked', 'locked'],
    ] as const) {
      it(`A7, D8 unlock locks again whom somebody has ${word} meanwhile, and says so`, async () => {
        const { lockAccount, unlockAccount } = fixture.services();
        await lockAccount.run(fixture.request(lee), { endSessions: false });
        const known = (await storage.accountStates.find(lee))!;
        const unlock = stub(fixture.accounts, 'unlock').callsFake(async (user) => {
          unlock.restore();
          await storage.accountStates.set({ ...known, absence, by: SECOND, at: known.at + 1 });
          return fixture.accounts.unlock(user);
        });
        const result = await unlockAccount.run(fixture.request(lee));
        expect(result.outcome).not.to.equal('done');
        expect(result.text).to.include(`${SECOND} has ${word} them meanwhile, so the account is to stay locked.`);
        expect(await fixture.accounts.find(lee)).to.include({ isLocked: true });
        expect(await storage.accountStates.find(lee)).to.include({ absence, by: SECOND });
      });
    }

    it('D2 says what a lock leaves: pushes, and keys of what is said meanwhile; and nothing of it where the sessions ended', async () => {
      fixture.accounts.pushing = [{ app: 'Element', deviceName: 'Phone' }];
      const { lockAccount } = fixture.services();
      const { text } = await lockAccount.run(fixture.request(lee), { endSessions: false });
      expect(text).to.include('Pushes still go to: Element (Phone).').and.include('they read it after `unlock`');
      const ended = await lockAccount.run(fixture.request(lee), { endSessions: true });
      expect(ended.text).not.to.match(/Pushes still|after `unlock`/);
    });

    for (const [what, isSuspended] of [
      ['suspended', true],
      ['not suspended', false],
    ] as const) {
      it(`D8 leaves an account that was ${what} before as it was, however often it was locked and suspended`, async () => {
        fixture.accounts.of(lee).account.isSuspended = isSuspended;
        const { lockAccount, suspendAccount, unlockAccount } = fixture.services();
        await suspendAccount.run(fixture.request(lee));
        await lockAccount.run(fixture.request(lee), { endSessions: false });
        await lockAccount.run(fixture.request(lee), { endSessions: false });
        await suspendAccount.run(fixture.request(lee));
        await unlockAccount.run(fixture.request(lee));
        expect(await fixture.accounts.find(lee)).to.include({ isLocked: false, isSuspended });
        expect(await storage.accountStates.find(lee)).to.equal(undefined);
      });
    }

    it('D3 under MAS a lock alone is not called done; with the sessions ended it is', async () => {
      fixture.accounts.isMas = true;
      const { lockAccount } = fixture.services();
      const alone = await lockAccount.run(fixture.request(lee), { endSessions: false });
      expect(alone.outcome).to.equal('partial');
      expect(alone.text).to.match(/may still work until/);
      expect(await lockAccount.run(fixture.request(lee), { endSessions: true })).to.include({ outcome: 'done' });
    });

    it('D4 warns before, under MAS, and offers to suspend instead', async () => {
      fixture.accounts.isMas = true;
      const { warnings } = await fixture.services().lockAccount.look({ actor: ADMIN, target: lee });
      expect(warnings.join())
        .to.match(/2 minutes/)
        .and.match(/loses the keys/)
        .and.match(/suspend/);
    });

    it('keeps what was, so that a new process can restore it', async () => {
      await fixture.services().lockAccount.run(fixture.request(lee), { endSessions: false });
      const next = new AccountFixture(storage);
      next.accounts.add(lee, [], { isLocked: true });
      await next.services().unlockAccount.run(next.request(lee));
      expect(await next.accounts.find(lee)).to.include({ isLocked: false });
    });

    it('D8 an account that was locked before us stays locked, also where the process died when all was done', async () => {
      fixture.accounts.of(lee).account.isLocked = true;
      await fixture.services().lockAccount.run(fixture.request(lee), { endSessions: false });
      // As somebody else would leave it.
      fixture.accounts.of(lee).account.isLocked = false;
      const request = fixture.request(lee);
      for (let at = 1; ; at++) {
        const crash = new CrashPoint(at, 'after');
        const isRepeat = at > 1;
        const work = new UnlockAccount(fixture.parts(crash.wrap)).run({ ...request, isRepeat });
        const end = await work.catch((error: unknown) => error);
        if (crash.where === undefined) {
          expect(end).to.include({ outcome: 'done' });
          break;
        }
      }
      expect(await fixture.accounts.find(lee)).to.include({ isLocked: true });
      expect(await storage.accountStates.find(lee)).to.equal(undefined);
    });

    it('D8 whoever was locked before they left is locked when they are back, also where the process died when all was done', async () => {
      const by = { by: ADMIN, at: 1 };
      fixture.accounts.of(lee).account.isLocked = true;
      const state = {
        userId: lee,
        wasLocked: true,
        wasSuspended: false,
        absence: 'gone',
        successor: undefined,
      } as const;
      await storage.accountStates.set({ ...state, ...by });
      const request = fixture.request(lee);
      const { reactivateAccount } = fixture.services();
      await reactivateAccount.run(request);
      expect(await reactivateAccount.run({ ...request, isRepeat: true })).to.include({ outcome: 'done' });
      expect(await fixture.accounts.find(lee)).to.include({ isLocked: true });
    });

    it('says what was done where the rest cannot be, and the log has both ends', async () => {
      const { lockAccount } = fixture.services();
      fixture.accounts.endAllSessions = async () =>
        Promise.reject(new UserError('This homeserver cannot end sessions.'));
      const result = await lockAccount.run(fixture.request(lee), { endSessions: true });
      expect(result.outcome).to.equal('partial');
      expect(result.text)
        .to.match(/✓ the account is locked/)
        .and.match(/✗ Not done: This homeserver cannot end sessions/)
        .and.not.match(/Nothing was done/);
      const [, ended] = await entries(lee);
      expect(ended).to.include({ action: 'account.lock', outcome: 'partial' });
      expect(ended?.after).to.include({ locked: true });
    });

    it('D7 a lock that the server refuses is none, for lines neither', async () => {
      fixture.withLines([lee, SECOND]);
      const { lockAccount, suspendAccount } = fixture.services();
      const refused = async () => Promise.reject(new UserError('The homeserver does not let this credential act.'));
      fixture.accounts.lock = refused;
      fixture.accounts.suspend = refused;
      const result = await lockAccount.run(fixture.request(lee), { endSessions: true });
      expect(result).to.include({
        outcome: 'failed',
        text: '✗ Not done: The homeserver does not let this credential act.',
      });
      expect(fixture.lines.all[0]?.team).to.deep.equal([lee, SECOND]);
      expect(await suspendAccount.run(fixture.request(lee))).to.include({ outcome: 'failed' });
      expect(await storage.accountStates.find(lee)).to.equal(undefined);
      expect((await entries(lee)).map(({ outcome }) => outcome)).to.deep.equal(['done', 'failed', 'done', 'failed']);
    });

    it('D7 says before somebody is suspended which lines still count on them, who could not answer', async () => {
      const look = () => fixture.services().suspendAccount.look({ actor: ADMIN, target: lee });
      expect((await look()).warnings).to.deep.equal([]);
      fixture.withLines([lee], [SECOND]);
      expect((await look()).warnings.join()).to.match(
        /still count on them, though they cannot answer: line-0\. .*`lock`/,
      );
    });

    const OTHERS: readonly (readonly [string, (parts: ReturnType<AccountFixture['parts']>) => Promise<unknown>])[] = [
      ['suspends', (parts) => new SuspendAccount(parts).run(fixture.request(lee))],
      ['locks', (parts) => new LockAccount(parts).run(fixture.request(lee), { endSessions: false })],
      ['tries to lock', (parts) => new LockAccount(refusing(parts)).run(fixture.request(lee), { endSessions: false })],
      ['unlocks', (parts) => new UnlockAccount(parts).run(fixture.request(lee))],
    ];
    const refusing = (parts: ReturnType<AccountFixture['parts']>) => {
      parts.accounts.lock = async () => ({ done: false, verified: [], problem: 'refused' });
      return parts;
    };
    for (const [what, act] of OTHERS) {
      it(`A7, D7 of two administrators at once, one of whom ${what} whom the other offboards: the leaver is gone`, async () => {
        await fixture.services().suspendAccount.run(fixture.request(lee));
        const find = fixture.accounts.find.bind(fixture.accounts);
        const gone = { userId: lee, wasLocked: false, wasSuspended: false, absence: 'gone', by: SECOND } as const;
        let looks = 0;
        // After whatever was looked at: the last look of a change is the one at its outcome.
        fixture.accounts.find = async (user) => {
          const found = await find(user);
          const last = what === 'unlocks' || what === 'tries to lock' ? 2 : 1;
          if (++looks === last)
            await storage.accountStates.set({ ...gone, successor: undefined, at: fixture.clock + 1 });
          return found;
        };
        await act(fixture.parts());
        expect(await storage.accountStates.find(lee)).to.include({ absence: 'gone' });
      });
    }

    it('D8 ends a suspension where the server knows nothing of locks', async () => {
      const { suspendAccount, unlockAccount } = fixture.services();
      const { find } = fixture.accounts;
      fixture.accounts.find = async (user) => {
        const found = await find.call(fixture.accounts, user);
        return found && { ...found, isLocked: undefined };
      };
      await suspendAccount.run(fixture.request(lee));
      expect(await unlockAccount.run(fixture.request(lee))).to.include({ outcome: 'done' });
      expect(fixture.accounts.changes).to.deep.equal([`suspend ${lee}`, `unsuspend ${lee}`]);
      expect(await storage.accountStates.find(lee)).to.equal(undefined);
    });

    it('says that what was done is not known where nobody can tell, and the log has both ends', async () => {
      const parts = fixture.parts();
      parts.roomKeys.rotate = async () => Promise.reject(new PermanentError('The keys cannot be changed.'));
      const result = await new LockAccount(parts).run(fixture.request(lee), { endSessions: false });
      expect(result.outcome).to.equal('failed');
      expect(result.text).to.match(/What was done before that is not known\. Look/);
      expect(await entries(lee)).to.have.length(2);
    });
  });

  it('whois and devices show what is known', async () => {
    const { whois, listDevices } = fixture.services();
    expect((await whois.look(lee)).text)
      .to.match(/Dr\. Lee\): active/)
      .and.match(/Devices: 2/)
      .and.match(/10\.1\.2\.3/);
    expect((await listDevices.list(lee)).text)
      .to.match(/PHONE/)
      .and.match(/!care lost-device @lee-\d+:hospital\.test/);
  });

  describe('finding whom it is about', () => {
    it('D5 takes a name only where it is one account', async () => {
      fixture.accounts.add('@amy:hospital.test' as UserId, [], { displayName: 'Amy Park' });
      fixture.accounts.add('@amy2:hospital.test' as UserId, [], { displayName: 'Amy Parker' });
      const { findAccount } = fixture.services();
      expect(await findAccount.find({ by: 'name', name: 'Dr. Lee' })).to.equal(lee);
      const several = await fault(findAccount.find({ by: 'name', name: 'Amy' }));
      expect(several?.message)
        .to.match(/Several people/)
        .and.match(/@amy:hospital\.test \(Amy Park\)/)
        .and.match(/@amy2/);
      // Even where one fits exactly: two people of one name are not told apart by it.
      expect(await fault(findAccount.find({ by: 'name', name: 'amy park' }))).to.be.instanceOf(UserError);
      expect((await fault(findAccount.find({ by: 'name', name: 'Nobody' })))?.message).to.match(
        /Nobody with that name/,
      );
    });
  });
});
