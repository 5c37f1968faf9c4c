import { expect } from 'chai';
import { isInteresting } from '../../../src/matrix/interest.ts';
import type { MatrixEvent } from '../../../src/model/rows.ts';
import type { UserId } from '../../../src/model/ids.ts';

const BOT = '@carebridge:hospital.test';
const GHOST = '@carebridge_a:hospital.test';
const NURSE = '@nurse:hospital.test';
const NAMESPACE = { bot: BOT as UserId, ghostPrefix: 'carebridge_', domain: 'hospital.test' };

describe('interest in room events', () => {
  const table: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
    ['an encrypted event of staff', { type: 'm.room.encrypted', sender: NURSE }, true],
    ['an encrypted event of a ghost', { type: 'm.room.encrypted', sender: GHOST }, false],
    ['an encrypted event of the bot', { type: 'm.room.encrypted', sender: BOT }, false],
    [
      "a user of another server with a ghost's name",
      { type: 'm.room.encrypted', sender: '@carebridge_a:other.test' },
      true,
    ],
    ['an unencrypted message', { type: 'm.room.message', sender: NURSE }, true],
    ['a redaction', { type: 'm.room.redaction', sender: NURSE }, true],
    ['a reaction', { type: 'm.reaction', sender: NURSE }, true],
    ['a tombstone', { type: 'm.room.tombstone', sender: NURSE }, true],
    ["the bot's own tombstone", { type: 'm.room.tombstone', sender: BOT }, true],
    ['a topic', { type: 'm.room.topic', sender: NURSE }, false],
    [
      'staff joining',
      { type: 'm.room.member', sender: NURSE, state_key: NURSE, content: { membership: 'join' } },
      true,
    ],
    [
      'staff leaving',
      { type: 'm.room.member', sender: NURSE, state_key: NURSE, content: { membership: 'leave' } },
      true,
    ],
    [
      'the bot being invited',
      { type: 'm.room.member', sender: NURSE, state_key: BOT, content: { membership: 'invite' } },
      true,
    ],
    [
      'the bot being put out',
      { type: 'm.room.member', sender: NURSE, state_key: BOT, content: { membership: 'ban' } },
      true,
    ],
    ['the bot joining', { type: 'm.room.member', sender: BOT, state_key: BOT, content: { membership: 'join' } }, false],
    [
      'a ghost being invited',
      { type: 'm.room.member', sender: BOT, state_key: GHOST, content: { membership: 'invite' } },
      false,
    ],
    [
      'a membership of nobody',
      { type: 'm.room.member', sender: NURSE, state_key: 'nurse', content: { membership: 'join' } },
      false,
    ],
  ];
  for (const [title, event, expected] of table) {
    it(`${title}: ${expected}`, () => {
      expect(isInteresting(NAMESPACE, { content: {}, ...event } as unknown as MatrixEvent)).to.equal(expected);
    });
  }
});
