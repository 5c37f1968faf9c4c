import { expect } from 'chai';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { CREATOR_POWER, powerOf, powerToAct, powerToWrite } from '../../../src/model/room-power.ts';
import { stateId, type RoomSnapshot } from '../../../src/model/room-snapshot.ts';

const BOT = '@bot:hospital.test' as UserId;
const NURSE = '@nurse:hospital.test' as UserId;
const TRAP = '@constructor:hospital.test' as UserId;

function room(version: string, levels?: unknown, creators: readonly UserId[] = []): RoomSnapshot {
  const entry = (type: string, content: unknown) =>
    [
      stateId(type),
      { type, stateKey: '', content: content as Record<string, unknown>, sender: BOT, eventId: '$e' as EventId },
    ] as const;
  return {
    roomId: '!room' as RoomId,
    version,
    creators: new Set(creators),
    state: new Map([
      entry('m.room.create', { room_version: version }),
      ...(levels === undefined ? [] : [entry('m.room.power_levels', levels)]),
    ]),
    members: new Map(),
    faults: [],
  };
}

describe('power in rooms', () => {
  const table: readonly (readonly [title: string, room: RoomSnapshot, user: UserId, expected: number])[] = [
    ['of a creator of version 12 is above all', room('12', {}, [BOT]), BOT, CREATOR_POWER],
    [
      'of a creator of version 12 is not what the levels say',
      room('12', { users: { [BOT]: 1 } }, [BOT]),
      BOT,
      CREATOR_POWER,
    ],
    ['of others in version 12 is by the levels', room('12', { users: { [NURSE]: 50 } }, [BOT]), NURSE, 50],
    ['of others in version 12 without levels is 0', room('12', undefined, [BOT]), NURSE, 0],
    ['of the creator without levels is 100', room('11'), BOT, 100],
    ['of others without levels is 0', room('11'), NURSE, 0],
    ['of the creator whom the levels do not name is the default', room('11', { users_default: 3 }), BOT, 3],
    ['is the default where nothing is said', room('11', {}), NURSE, 0],
    ['as text counts until version 9', room('9', { users: { [NURSE]: ' +50 ' } }), NURSE, 50],
    ['as text does not count from version 10 on', room('10', { users: { [NURSE]: '50' }, users_default: 2 }), NURSE, 2],
    ['as text does not count in a version nobody knows', room('unknown', { users: { [NURSE]: '50' } }), NURSE, 0],
    ['as nonsense is the default', room('9', { users: { [NURSE]: '0x10' }, users_default: 7 }), NURSE, 7],
    ['of null is the default', room('11', { users: { [NURSE]: null }, users_default: 7 }), NURSE, 7],
    ['of a list is the default', room('11', { users: [50], users_default: {} }), NURSE, 0],
    ['may be negative', room('11', { users: { [NURSE]: -1 } }), NURSE, -1],
    ['is never that of a creator by a number', room('11', { users: { [NURSE]: 1e300 } }), NURSE, CREATOR_POWER - 1],
    ['is not found in what every object has', room('11', { users: {} }), TRAP, 0],
  ];
  for (const [title, snapshot, user, expected] of table) {
    it(title, () => expect(powerOf(snapshot, user)).to.equal(expected));
  }

  it('that is needed has the defaults of the specification', () => {
    const empty = room('11', {});
    expect(powerToAct(empty, 'invite')).to.equal(0);
    expect(powerToAct(empty, 'kick')).to.equal(50);
    expect(powerToWrite(empty, 'm.room.name')).to.equal(50);
    expect(powerToWrite(room('11'), 'm.room.name')).to.equal(0);
  });

  it('that is needed is what the levels say, of their own properties alone', () => {
    const said = room('11', {
      kick: 60,
      invite: 'x',
      state_default: 40,
      events: { 'm.room.name': 70, 'm.room.topic': null },
    });
    expect(powerToAct(said, 'kick')).to.equal(60);
    expect(powerToAct(said, 'invite')).to.equal(0);
    expect(powerToWrite(said, 'm.room.name')).to.equal(70);
    expect(powerToWrite(said, 'm.room.topic')).to.equal(40);
    expect(powerToWrite(said, 'toString')).to.equal(40);
  });
});
