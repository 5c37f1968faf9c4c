/** What holds of the reconciler whatever is in a room: it never throws, settles at once, leaves alone what is right, and takes linear time. */
import { expect } from 'chai';
import type { GovernedRoom, RoomKind } from '../../../src/model/governed-room.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { KEPT_STATE } from '../../../src/model/kept-state.ts';
import { PHI_CLASSES } from '../../../src/model/phi-class.ts';
import { stateId, type RoomSnapshot } from '../../../src/model/room-snapshot.ts';
import { reconcile } from '../../../src/policy/reconcile.ts';
import { seededRandom } from '../../e2e/support/seeded-random.ts';
import {
  ADMIN,
  apply,
  BOT,
  careRoom,
  freshRoom,
  GHOST,
  hospitalPolicy,
  ICU_SPACE,
  NURSE,
  OTHER_GHOST,
  OUTSIDER,
  PHYSICIAN,
  STRANGER,
  withMembers,
  withPower,
  withState,
} from '../../support/care-room.ts';

const KINDS: readonly RoomKind[] = ['conversation', 'care-team', 'command', 'security', 'unit'];
const VERSIONS = ['9', '10', '11', '12'];
const PEOPLE = [BOT, ADMIN, NURSE, PHYSICIAN, STRANGER, OUTSIDER, GHOST, OTHER_GHOST];
const MEMBERSHIPS = ['join', 'invite', 'knock', 'leave', 'ban'];
/** What a hostile member writes in place of anything. */
const JUNK: readonly unknown[] = [
  ...[null, true, 0, -1, 50, 100, 101, 1e308, NaN, '', '100', ' 50 ', 'public', 'invite', 'joined', '+1 212 555 0100'],
  ...[[], [null], ['*'], ['hospital.test'], {}, { users: {} }, { a: { b: { c: [{}] } } }, ADMIN, ICU_SPACE],
  ...[Object.create(null), { ['__proto__']: { users: 1 } }, { constructor: 100, toString: 100 }],
];
const FIELDS = [
  ...['users', 'events', 'join_rule', 'allow', 'deny', 'algorithm', 'history_visibility', 'guest_access', 'name'],
  ...['topic', 'url', 'pinned', 'alias', 'alt_aliases', 'aliases', 'class', 'id', 'via', 'notifications', 'invite'],
  ...['users_default', 'state_default', 'ban', 'kick', 'creator', 'type', 'm.federate', 'replacement_room', 'info'],
];

/** Any room of any kind. */
function anyRoom(random: () => number): GovernedRoom {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const named = random() < 0.5 ? {} : { name: undefined };
  return careRoom({ kind: pick(KINDS), phiClass: pick(PHI_CLASSES), ...named });
}

/** The room after somebody did something at random to it. */
function disturbed(room: RoomSnapshot, random: () => number): RoomSnapshot {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const junk = (): unknown =>
    random() < 0.7 ? pick(JUNK) : { [pick(FIELDS)]: pick(JUNK), [pick(PEOPLE)]: pick(JUNK) };
  switch (Math.floor(random() * 4)) {
    case 0:
      return withMembers(room, { [pick(PEOPLE)]: pick(MEMBERSHIPS) });
    case 1:
      return withPower(room, (levels) => ({
        ...levels,
        ...(random() < 0.5 ? { users: { ...levels.users, [pick(PEOPLE)]: pick(JUNK) } } : { [pick(FIELDS)]: junk() }),
      }));
    default: {
      const content = Object.fromEntries(Array.from({ length: 3 }, () => [pick(FIELDS), junk()]));
      const stateKey = random() < 0.3 ? pick(['key', NURSE, ICU_SPACE, '!x:hospital.test']) : '';
      return withState(room, pick([...KEPT_STATE]), content, {
        stateKey,
        sender: pick(PEOPLE),
      });
    }
  }
}

describe('reconcile', () => {
  for (const version of VERSIONS) {
    for (const kind of KINDS) {
      for (const phiClass of PHI_CLASSES) {
        it(`wants nothing of a new ${kind} of class ${phiClass} in room version ${version}`, () => {
          const room = careRoom({ kind, phiClass });
          expect(reconcile(hospitalPolicy(), room, freshRoom(hospitalPolicy(), room, version))).to.deep.equal([]);
        });
      }
    }
  }

  it('settles at once and never throws: 500 rooms with up to ten random changes', () => {
    const seed = Number(process.env['CAREBRIDGE_TEST_SEED'] ?? 20_260_101);
    const random = seededRandom(seed);
    const policy = hospitalPolicy();
    for (let turn = 0; turn < 500; turn++) {
      const room = anyRoom(random);
      let snapshot = freshRoom(policy, room, VERSIONS[turn % VERSIONS.length]);
      for (let change = random() * 10; change > 0; change--) snapshot = disturbed(snapshot, random);
      const changes = reconcile(policy, room, snapshot);
      const again = reconcile(policy, room, apply(snapshot, changes));
      expect(
        again.filter(({ kind }) => kind !== 'report'),
        `CAREBRIDGE_TEST_SEED=${seed}, turn ${turn}`,
      ).to.deep.equal([]);
      expect(JSON.stringify(again.map(({ why }) => why))).not.to.match(/555|\d{6}/);
    }
  });

  it('leaves alone what is stricter, or right in other words', () => {
    const policy = hospitalPolicy();
    const room = careRoom({ kind: 'care-team', name: undefined });
    const fresh = freshRoom(policy, room);
    const same: readonly RoomSnapshot[] = [
      withState(fresh, 'm.room.server_acl', { allow: ['hospital.test'], deny: ['evil.test'] }),
      withState(fresh, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2', rotation_period_msgs: 50 }),
      withState(fresh, 'm.room.topic', { topic: 'Patient data (PHI). Rooms 101-108, meet at 8:00' }),
      withState(fresh, 'm.room.name', { name: 'Ward 12' }),
      withState(fresh, 'm.room.avatar', { url: 'mxc://hospital.test/abc1234567', info: { w: 1234567, h: 64 } }),
      withState(fresh, 'm.room.pinned_events', { pinned: ['$1234567890123456789012345678901234567890123'] }),
      withState(fresh, 'm.room.canonical_alias', {}),
      withState(fresh, 'm.room.third_party_invite', {}, { stateKey: 'token' }),
      withState(fresh, 'm.widget', {}, { stateKey: 'w' }),
      withState(fresh, 'm.room.tombstone', { replacement_room: '!next' }, { sender: BOT }),
      withMembers(fresh, { [STRANGER]: 'leave', [OUTSIDER]: 'ban' }),
      withPower(fresh, ({ users, ...levels }) => ({ ...levels, users: { ...users, [STRANGER]: 0 } })),
      // Who has a role may come and go without a word of the bot's.
      withPower(fresh, ({ users, ...levels }) => ({ ...levels, users: { ...users, [PHYSICIAN]: 50 } })),
      withPower(fresh, ({ kick: _, ban: __, redact: ___, notifications: ____, ...levels }) => levels),
    ];
    same.forEach((snapshot, index) => expect(reconcile(policy, room, snapshot), String(index)).to.deep.equal([]));
  });

  it('does not ask back who left by themselves', () => {
    const policy = hospitalPolicy();
    const left = withMembers(freshRoom(policy, careRoom()), { [NURSE]: 'leave' });
    expect(reconcile(policy, careRoom(), { ...left, leftThemselves: new Set([NURSE]) })).to.deep.equal([]);
  });

  it('only reports what it has not the power for', () => {
    const policy = hospitalPolicy();
    const room = careRoom({ kind: 'care-team', origin: 'adopted' });
    const weak = withMembers(
      withState(
        withPower(freshRoom(policy, room), (levels) => ({ ...levels, users: { [BOT]: 50, [ADMIN]: 100 } })),
        'm.room.join_rules',
        { join_rule: 'public' },
      ),
      { [STRANGER]: 'join', [ADMIN]: 'join' },
    );
    const changes = reconcile(policy, room, weak);
    expect(changes.map(({ kind, rule }) => `${kind} ${rule}`)).to.deep.equal([
      'report power-levels',
      'report join-rules',
      'remove members',
    ]);
    expect(changes[1]?.why).to.match(/The bot does not have enough power/);
  });

  it('keeps, in room version 11, what it cannot take from an equal, and puts the rest right', () => {
    const policy = hospitalPolicy();
    const room = careRoom();
    const drifted = withPower(freshRoom(policy, room), (levels) => ({
      ...levels,
      users: { ...levels.users, [ADMIN]: 100 },
      invite: 0,
    }));
    const changes = reconcile(policy, room, drifted);
    const write = changes.find(({ kind }) => kind === 'set-state');
    expect(write).to.have.nested.property('after.invite', 50);
    expect(write)
      .to.have.nested.property(`after.users`)
      .that.deep.equals({ [BOT]: 100, [ADMIN]: 100 });
    expect(changes.find(({ kind }) => kind === 'report')?.why).to.include(ADMIN);
  });

  it('never names creators in the power levels of room version 12', () => {
    const policy = hospitalPolicy();
    const drifted = withPower(freshRoom(policy, careRoom(), '12'), (levels) => ({ ...levels, users: { [BOT]: 100 } }));
    const [change] = reconcile(policy, careRoom(), drifted);
    expect(change).to.have.nested.property('after.users').that.deep.equals({});
  });

  it('takes 10,000 members, giant power levels and as many aliases in its stride', () => {
    const policy = hospitalPolicy();
    const room = careRoom({ kind: 'care-team' });
    const fresh = freshRoom(policy, room);
    const crowd = Array.from({ length: 10_000 }, (_, index) => `@crowd${index}:hospital.test` as UserId);
    const levels = fresh.state.get(stateId('m.room.power_levels'))?.content;
    const users = Object.fromEntries([[BOT, 100], ...crowd.map((user) => [user, 99])]);
    const events = Object.fromEntries(crowd.map((user) => [user, 0]));
    const hostile = withState(
      withState(withMembers(fresh, Object.fromEntries(crowd.map((user) => [user, 'join']))), 'm.room.power_levels', {
        ...levels,
        users,
        events,
      }),
      'm.room.canonical_alias',
      { alias: '#carebridge_key:hospital.test', alt_aliases: crowd.map((_, index) => `#a${index}:hospital.test`) },
    );
    const changes = reconcile(policy, room, hostile);
    expect(changes.filter(({ kind }) => kind === 'remove')).to.have.length(10_000);
    const write = changes.find(({ rule }) => rule === 'power-levels');
    expect(write)
      .to.have.nested.property('after.users')
      .that.deep.equals({ [BOT]: 100 });
    expect(write?.why.length).to.be.below(500);
    // Applied one by one, ten thousand removals would copy the room as often.
    const emptied = {
      ...hostile,
      members: new Map([...hostile.members].filter(([user]) => !user.startsWith('@crowd'))),
    };
    const rest = changes.filter(({ kind }) => kind !== 'remove');
    expect(reconcile(policy, room, apply(emptied, rest))).to.deep.equal([]);
  });
});
