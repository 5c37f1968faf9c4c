import { expect } from 'chai';
import { silentLogger as log } from '../../../src/log.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import { governConversations } from '../../../src/services/govern-conversations.ts';
import { KnownGovernedRooms } from '../../../src/services/known-governed-rooms.ts';
import { LINE } from '../../support/care-room.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';

describe('rooms of patients that were made before rooms were governed', () => {
  it('are governed at the start, once, with their own ghost and line', async () => {
    const storage = memoryStorage();
    for (let n = 100; n < 350; n++) {
      const number = `+12125550${n}` as PhoneNumber;
      const { id } = await storage.conversations.findOrCreate(LINE, number, () => `@carebridge_${n}:x` as UserId);
      // One has no room yet.
      if (n > 100) await storage.conversations.setRoom(id, `!room${n}` as RoomId);
    }
    const governedRooms = new KnownGovernedRooms(storage.governedRooms);
    const parts = { ...storage, governedRooms, log };
    expect(await governConversations(parts)).to.equal(249);
    expect(await governConversations(parts)).to.equal(0);
    const room = await governedRooms.find('!room101' as RoomId);
    expect(room).to.deep.include({ kind: 'conversation', phiClass: 'phi', origin: 'made' });
    expect(room?.conversation).to.include({ lineId: LINE, ghost: '@carebridge_101:x' });
    expect(room?.name).to.match(/^Patient [A-Z2-7]{4} \(front-desk\)$/);
    expect(room?.opaqueId).to.equal(room?.conversation?.id);
  });

  it('are known at any moment without waiting', async () => {
    const { governedRooms } = memoryStorage();
    const known = new KnownGovernedRooms(governedRooms);
    const [one, two] = ['!one', '!two'] as RoomId[];
    const room = {
      kind: 'care-team',
      phiClass: 'phi',
      opaqueId: 'a',
      unit: undefined,
      conversation: undefined,
    } as const;
    const add = known.add({ ...room, roomId: one!, name: undefined, origin: 'made', since: 0 });
    expect(known.has(one!)).to.equal(true);
    await add;
    await known.replace(one!, two!);
    expect([known.has(one!), known.has(two!)]).to.deep.equal([false, true]);
    await known.release(two!, 'x', 1);
    expect(known.has(two!)).to.equal(false);
    await governedRooms.add({ ...room, roomId: one!, name: undefined, origin: 'made', since: 0 });
    await known.load();
    expect(known.has(one!)).to.equal(true);
  });
});
