import { expect } from 'chai';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { mayTextOutBy } from '../../../src/services/may-text-out.ts';
import { careRoom, hospitalPolicy } from '../../support/care-room.ts';

describe('mayTextOutBy', () => {
  const rooms = new Map<string, GovernedRoom>([
    ['!phi', careRoom()],
    ['!sensitive', careRoom({ phiClass: 'sensitive' })],
  ]);
  const ask = mayTextOutBy(
    { current: () => Promise.resolve(hospitalPolicy()) },
    { find: (roomId) => Promise.resolve(rooms.get(roomId)) },
  );

  for (const [roomId, expected] of Object.entries({ '!phi': true, '!sensitive': false, '!unknown': true })) {
    it(`${roomId}: ${expected}`, async () => {
      expect(await ask(roomId as RoomId)).to.equal(expected);
    });
  }
});
