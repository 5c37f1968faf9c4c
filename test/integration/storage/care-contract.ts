/** What the stores of the care policy promise. */
import { expect } from 'chai';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { ConversationId, EventId, LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { RoleId, UnitId } from '../../../src/model/role.ts';
import { OTHER_ROOM, ROOM } from './builders.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;
const NURSE = '@nurse:hospital.test' as UserId;
const ADMIN = '@admin:hospital.test' as UserId;
const given = { userId: NURSE, roleId: 'nurse' as RoleId, source: 'command', givenBy: ADMIN, at: NOW } as const;
const taken = { userId: NURSE, roleId: 'nurse' as RoleId, source: 'command', takenBy: ADMIN, at: NOW + 10 } as const;
const access = {
  id: 'grant-1',
  roomId: ROOM,
  userId: NURSE,
  reason: 'plantedtext: cardiac arrest',
  grantedAt: NOW,
  expiresAt: NOW + 60,
  endedAt: undefined,
  endedBy: undefined,
};
const confirmation = {
  id: 'c1',
  roomId: ROOM,
  commandEvent: '$command' as EventId,
  promptEvent: undefined,
  requestedBy: ADMIN,
  commandLine: 'offboard plantedtext',
  previewHash: 'ab',
  needsSecondPerson: true,
  expiresAt: NOW + 60,
  confirmed: undefined,
};

function governed(fields: Partial<GovernedRoom> = {}): GovernedRoom {
  return {
    roomId: ROOM,
    kind: 'care-team',
    phiClass: 'phi',
    opaqueId: 'abc',
    unit: 'icu' as UnitId,
    conversation: undefined,
    name: 'plantedtext team',
    origin: 'made',
    since: NOW,
    ...fields,
  };
}

/** Defines the tests on `bench`. */
export function careContract(bench: StorageBench): void {
  const use = storageForEach(bench);
  const fails = (work: () => Promise<unknown>) =>
    use.storage.transactions
      .run(async () => {
        await work();
        throw new Error('no');
      })
      .catch(() => undefined);

  describe('roles', () => {
    it('gives once for each source, takes back what that source gave, and knows the past (F7)', async () => {
      const { roles } = use.storage;
      expect(await roles.give(given)).to.equal(true);
      expect(await roles.give({ ...given, at: NOW + 1 })).to.equal(false);
      expect(await roles.give({ ...given, source: 'directory', at: NOW + 5 })).to.equal(true);
      expect((await roles.current()).map(({ source }) => source)).to.deep.equal(['command', 'directory']);
      expect(await roles.take(taken)).to.equal(true);
      expect(await roles.take(taken)).to.equal(false);
      expect(await roles.give({ ...given, at: NOW + 20 })).to.equal(true);
      const sources = async (at: number) => (await roles.asOf(at)).map(({ source }) => source);
      expect(await sources(NOW - 1)).to.deep.equal([]);
      expect(await sources(NOW)).to.deep.equal(['command']);
      expect(await sources(NOW + 9)).to.deep.equal(['command', 'directory']);
      expect(await sources(NOW + 10)).to.deep.equal(['directory']);
      await use.reopen();
      const { at, ...rest } = given;
      expect(await use.storage.roles.history(NURSE)).to.deep.equal([
        { ...rest, since: at, until: NOW + 10 },
        { ...rest, source: 'directory', since: NOW + 5, until: undefined },
        { ...rest, since: NOW + 20, until: undefined },
      ]);
    });

    it('show a rolled-back change to nobody outside, and a committed one at once', async () => {
      const { roles } = use.storage;
      await roles.current();
      const inside = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const failing = fails(async () => {
        await roles.give(given);
        expect(await roles.current()).to.have.length(1);
        inside.resolve();
        await goOn.promise;
      });
      await inside.promise;
      expect(await roles.current()).to.deep.equal([]);
      goOn.resolve();
      await failing;
      expect(await roles.current()).to.deep.equal([]);
      await use.storage.transactions.run(() => roles.give(given));
      expect(await roles.current()).to.have.length(1);
    });
  });

  it('policy versions: keeps what differs, each with the dates it was in effect (F7)', async () => {
    const { policyVersions } = use.storage;
    const first = await policyVersions.keep('roles', '{"a":1}', NOW);
    expect(first).to.include({ version: 1, subject: 'roles', content: '{"a":1}', since: NOW, until: undefined });
    expect(first.hash).to.match(/^[0-9a-f]{64}$/);
    expect(await policyVersions.keep('roles', '{"a":1}', NOW + 5)).to.deep.equal(first);
    await policyVersions.keep('consent-texts', 'x', NOW + 7);
    const second = await policyVersions.keep('roles', '{"a":2}', NOW + 10);
    expect(second).to.include({ version: 2, since: NOW + 10, until: undefined });
    // The clock was set back, and an old policy is in effect again.
    expect(await policyVersions.keep('roles', '{"a":1}', NOW)).to.include({ version: 3, since: NOW + 10 });
    const history = await policyVersions.history('roles');
    expect(history.map(({ version, until }) => [version, until])).to.deep.equal([
      [1, NOW + 10],
      [2, NOW + 10],
      [3, undefined],
    ]);
    const at = async (time: number) => (await policyVersions.inEffect('roles', time))?.version;
    expect([await at(NOW - 1), await at(NOW), await at(NOW + 9), await at(NOW + 10)]).to.deep.equal([
      undefined,
      1,
      1,
      3,
    ]);
  });

  describe('governed rooms', () => {
    const conversation = {
      id: 'v' as ConversationId,
      lineId: 'front-desk' as LineId,
      ghost: '@_care_x:hospital.test' as UserId,
    };

    it('are found by room, kind and unit, and change as told', async () => {
      const { governedRooms } = use.storage;
      const space = governed({ roomId: '!space' as RoomId, kind: 'unit', opaqueId: 'space', name: undefined });
      const talk = governed({ roomId: OTHER_ROOM, kind: 'conversation', opaqueId: 'talk', conversation });
      for (const room of [governed(), space, talk]) expect(await governedRooms.add(room)).to.equal(true);
      expect(await governedRooms.add(governed({ kind: 'command' }))).to.equal(false);
      expect(await governedRooms.find(ROOM)).to.deep.equal(governed());
      expect(await governedRooms.unitSpace('icu' as UnitId)).to.deep.equal(space);
      expect(await governedRooms.unitSpace('er' as UnitId)).to.equal(undefined);
      expect(await governedRooms.ofKind('conversation')).to.deep.equal([talk]);
      await governedRooms.setClass(ROOM, 'sensitive');
      expect((await governedRooms.find(ROOM))?.phiClass).to.equal('sensitive');
      await governedRooms.release(OTHER_ROOM, ADMIN, NOW + 1);
      expect(await governedRooms.find(OTHER_ROOM)).to.equal(undefined);
      expect(await governedRooms.add(talk)).to.equal(true);
      await use.reopen();
      expect(await use.storage.governedRooms.all()).to.deep.equal([governed({ phiClass: 'sensitive' }), space, talk]);
      expect(await use.count('governed_rooms')).to.equal(4);
    });

    it('follow an upgrade, also where the replacement was governed by itself', async () => {
      const { governedRooms } = use.storage;
      await governedRooms.add(governed());
      await governedRooms.replace(ROOM, '!new' as RoomId);
      expect(await governedRooms.all()).to.deep.equal([governed({ roomId: '!new' as RoomId })]);
      await governedRooms.add(governed({ roomId: '!newer' as RoomId, opaqueId: 'other', kind: 'security' }));
      await governedRooms.replace('!new' as RoomId, '!newer' as RoomId);
      await governedRooms.replace('!unknown' as RoomId, '!newer' as RoomId);
      expect(await governedRooms.all()).to.deep.equal([governed({ roomId: '!newer' as RoomId })]);
    });

    it('remember nothing of a transaction that was rolled back', async () => {
      const { governedRooms } = use.storage;
      await governedRooms.add(governed());
      await governedRooms.find(ROOM);
      await fails(async () => {
        await governedRooms.setClass(ROOM, 'none');
        await governedRooms.add(governed({ roomId: OTHER_ROOM, opaqueId: 'y' }));
        expect((await governedRooms.find(ROOM))?.phiClass).to.equal('none');
      });
      expect(await governedRooms.all()).to.deep.equal([governed()]);
    });
  });

  it('emergency access: is open until it ends, once, also after a restart (B1)', async () => {
    const { emergencyAccess } = use.storage;
    expect(await emergencyAccess.grant(access)).to.equal(true);
    expect(await emergencyAccess.grant(access)).to.equal(false);
    expect(await emergencyAccess.find(ROOM, NURSE)).to.deep.equal(access);
    await use.reopen();
    const { emergencyAccess: again } = use.storage;
    expect(await again.open()).to.deep.equal([access]);
    expect(await again.end('grant-1', 'expiry', NOW + 61)).to.equal(true);
    expect(await again.end('grant-1', ADMIN, NOW + 62)).to.equal(false);
    expect(await again.open()).to.deep.equal([]);
    expect(await again.find(ROOM, NURSE)).to.equal(undefined);
    const ended = { ...access, endedAt: NOW + 61, endedBy: 'expiry' };
    expect(await again.between(NOW, NOW + 1)).to.deep.equal([ended]);
    expect(await again.between(NOW + 1, NOW + 99)).to.deep.equal([]);
  });

  it('confirmations: wait until they end, once, and their command line is wiped afterwards (D6)', async () => {
    const { confirmations } = use.storage;
    expect(await confirmations.add(confirmation)).to.equal(true);
    expect(await confirmations.add(confirmation)).to.equal(false);
    await confirmations.setPrompt('c1', '$prompt' as EventId);
    const waiting = { ...confirmation, promptEvent: '$prompt' as EventId };
    await use.reopen();
    const { confirmations: again } = use.storage;
    expect(await again.findByPrompt('$prompt' as EventId)).to.deep.equal(waiting);
    expect(await again.find('c1')).to.deep.equal(waiting);
    expect(await again.expired(NOW + 59)).to.deep.equal([]);
    expect(await again.expired(NOW + 60)).to.deep.equal([waiting]);
    const yes = { by: NURSE, event: '$yes' as EventId, at: NOW + 1 };
    expect(await again.confirm('c1', yes)).to.equal(true);
    expect(await again.confirm('c1', { ...yes, by: ADMIN })).to.equal(false);
    expect(await again.expired(NOW + 60)).to.deep.equal([]);
    expect(await again.find('c1')).to.deep.equal({ ...waiting, confirmed: yes });
    expect(await again.drop('c1', 'expired', 'carebridge', NOW + 60)).to.equal(false);
    const ends = await Promise.all(Array.from({ length: 5 }, () => again.end('c1', 'confirmed', ADMIN, NOW + 1)));
    expect(ends.filter((isFirst) => isFirst)).to.have.length(1);
    expect(await again.find('c1')).to.equal(undefined);
    expect(await again.findByPrompt('$prompt' as EventId)).to.equal(undefined);
    expect(await again.expired(NOW + 99)).to.deep.equal([]);
    await use.storage.wipeFinished(NOW + 2);
    expect(await use.count('confirmations', 'content IS NULL')).to.equal(1);
  });

  const KEPT = ['role_assignments', 'governed_rooms', 'emergency_access', 'policy_versions'];
  for (const table of KEPT) {
    it(`${table}: nobody removes a row, whoever connects (F6)`, async () => {
      const { roles, governedRooms, emergencyAccess, policyVersions } = use.storage;
      await roles.give(given);
      await governedRooms.add(governed());
      await emergencyAccess.grant(access);
      await policyVersions.keep('roles', 'x', NOW);
      const refused = await bench.sql(use.config, `DELETE FROM ${table}`).catch((error: unknown) => String(error));
      expect(refused).to.match(/are kept|append-only/);
      expect(await use.count(table)).to.equal(1);
    });
  }

  it('keep what people typed encrypted (E3)', async () => {
    const { governedRooms, emergencyAccess, confirmations } = use.storage;
    await governedRooms.add(governed());
    await emergencyAccess.grant(access);
    await confirmations.add(confirmation);
    for (const [table, column] of [
      ['governed_rooms', 'name'],
      ['emergency_access', 'reason'],
      ['confirmations', 'content'],
    ] as const) {
      const [value] = await bench.sql(use.config, `SELECT ${column} FROM ${table}`);
      expect(value).to.match(/^1\.[0-9a-f]{8}\./);
    }
  });
}
