import { expect } from 'chai';
import type { UserId } from '../../../src/model/ids.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../../../src/model/room-snapshot.ts';
import { commandRoomProblem } from '../../../src/policy/command-room.ts';
import { ADMIN, COMMAND_ROOM, GHOST, LINES, NAMESPACE, NURSE, VISITOR } from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';

const policy = lineTeamPolicy(NAMESPACE, [ADMIN], LINES);
const SAFE: Readonly<Record<string, Record<string, unknown> | undefined>> = {
  'm.room.encryption': { algorithm: 'm.megolm.v1.aes-sha2' },
  'm.room.join_rules': { join_rule: 'invite' },
  'm.room.guest_access': { guest_access: 'forbidden' },
  'm.room.history_visibility': { history_visibility: 'joined' },
  'm.room.create': { 'm.federate': false },
};
const OPEN = { 'm.room.create': {} };

function room(
  state: Readonly<Record<string, unknown>> = {},
  members: Readonly<Record<string, string>> = {},
  faults: readonly string[] = [],
): RoomSnapshot {
  const entries = Object.entries({ ...SAFE, ...state }).filter(([, content]) => content !== undefined);
  return {
    roomId: COMMAND_ROOM,
    version: '12',
    creators: new Set<UserId>(),
    faults,
    state: new Map(entries.map(([type, content]) => [stateId(type), { type, content } as unknown as StateEntry])),
    members: new Map(
      Object.entries({ [NAMESPACE.bot]: 'join', [ADMIN]: 'join', [NURSE]: 'invite', ...members }) as [UserId, string][],
    ),
  };
}

describe('the command room (A3)', () => {
  const CASES: readonly (readonly [string, RoomSnapshot, RegExp | undefined])[] = [
    ['as the bot made it', room(), undefined],
    ['without a word on guests', room({ 'm.room.guest_access': undefined }), undefined],
    ['without encryption', room({ 'm.room.encryption': undefined }), /not encrypted/],
    ['with an unknown encryption', room({ 'm.room.encryption': { algorithm: 'rot13' } }), /not encrypted/],
    [
      'with encryption of a wrong type',
      room({ 'm.room.encryption': { algorithm: ['m.megolm.v1.aes-sha2'] } }),
      /not encr/,
    ],
    ['public', room({ 'm.room.join_rules': { join_rule: 'public' } }), /without an invitation/],
    ['open to those who knock', room({ 'm.room.join_rules': { join_rule: 'knock' } }), /without an invitation/],
    ['restricted', room({ 'm.room.join_rules': { join_rule: 'restricted', allow: [] } }), /without an invitation/],
    ['without a join rule', room({ 'm.room.join_rules': undefined }), /without an invitation/],
    ['open to guests', room({ 'm.room.guest_access': { guest_access: 'can_join' } }), /guests/],
    [
      'readable by the world',
      room({ 'm.room.history_visibility': { history_visibility: 'world_readable' } }),
      /read it/,
    ],
    ['open to other servers', room(OPEN), /other servers/],
    [
      'open to another server',
      room({ ...OPEN, 'm.room.server_acl': { allow: ['hospital.test', 'evil.test'] } }),
      /other servers/,
    ],
    ['open to other servers by a pattern', room({ ...OPEN, 'm.room.server_acl': { allow: ['*'] } }), /other servers/],
    [
      'closed to other servers by its ACL',
      room({ ...OPEN, 'm.room.server_acl': { allow: ['hospital.test'] } }),
      undefined,
    ],
    ['replaced', room({ 'm.room.tombstone': {} }), /replaced/],
    ['with somebody who has no role', room({}, { [VISITOR]: 'join' }), /^@visitor:hospital\.test is in it/],
    ['with somebody invited who has no role', room({}, { [VISITOR]: 'invite' }), /is invited/],
    ['with somebody who left', room({}, { [VISITOR]: 'leave', '@x:evil.test': 'ban' }), undefined],
    ['with somebody who only knocks', room({}, { [VISITOR]: 'knock' }), undefined],
    ['with somebody of another server', room({}, { '@nurse:evil.test': 'join' }), /^@nurse:evil\.test is in it/],
    ['with a ghost', room({}, { [GHOST]: 'join' }), /is in it/],
    ['too large', room({}, {}, ['more than 10,000 members']), /too large/],
  ];
  for (const [what, snapshot, expected] of CASES) {
    it(`${expected ? 'is not safe' : 'is safe'} ${what}`, () => {
      const problem = commandRoomProblem(policy, snapshot);
      if (expected) expect(problem).to.match(expected);
      else expect(problem).to.equal(undefined);
    });
  }

  it('as the security room needs another permission', () => {
    expect(commandRoomProblem(policy, room(), { isSecurity: true })).to.match(/^@nurse:hospital\.test is invited/);
    expect(commandRoomProblem(policy, room({}, { [NURSE]: 'leave' }), { isSecurity: true })).to.equal(undefined);
  });
});
