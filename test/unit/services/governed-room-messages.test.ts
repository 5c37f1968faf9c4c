import { expect } from 'chai';
import type { GovernedRoom, RoomKind } from '../../../src/model/governed-room.ts';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { COMMAND_ROOM, newWorld, NURSE, TestBridge, type World } from '../../support/fakes/test-bridge.ts';

const ROOM = '!ward' as RoomId;

describe('what people write in governed rooms', () => {
  let world: World;
  let bridge: TestBridge;
  beforeEach(async () => {
    world = await newWorld(memoryStorage());
    bridge = new TestBridge(world);
  });

  async function room(kind: RoomKind, isEncrypted = true): Promise<void> {
    const governed: GovernedRoom = {
      roomId: ROOM,
      kind,
      phiClass: 'phi',
      opaqueId: 'abc',
      unit: undefined,
      conversation: undefined,
      name: undefined,
      origin: 'made',
      since: 0,
    };
    await world.stores.governedRooms.add(governed);
    world.rooms.add(ROOM, {}, isEncrypted);
    world.rooms.join(ROOM, NURSE);
  }
  const said = () => world.sender.said(ROOM);

  it('runs a command that may be used there', async () => {
    await room('care-team');
    await bridge.writes(ROOM, '!care help');
    await bridge.pump();
    expect(said()).to.have.length(1);
    expect(said()[0]).to.include('!care text');
  });

  it('refuses a command of the command room', async () => {
    await room('care-team');
    await bridge.writes(ROOM, '!care text +12125550110');
    await bridge.pump();
    expect(said()).to.deep.equal(['Refused: use this in the command room or in a patient’s room.']);
  });

  for (const text of ['good morning', '!roll 2d6', '!caer help', '/care help', '+1', '!careful']) {
    it(`is silent about ${JSON.stringify(text)} among colleagues`, async () => {
      await room('care-team');
      await bridge.writes(ROOM, text);
      await bridge.event({ type: 'm.room.message', room_id: ROOM, content: { msgtype: 'm.text', body: text } });
      await bridge.pump();
      expect(said()).to.deep.equal([]);
    });
  }

  it('refuses a command in the clear, and runs none in a room that is not encrypted', async () => {
    await room('care-team', false);
    await bridge.event({ type: 'm.room.message', room_id: ROOM, content: { msgtype: 'm.text', body: '!care help' } });
    await bridge.writes(ROOM, '!care help');
    await bridge.pump();
    expect(said()).to.deep.equal(Array(2).fill('Refused: this room is not encrypted. Use an encrypted room.'));
  });

  it('says nothing of what it cannot read among colleagues, and waits for nothing for long', async () => {
    await room('care-team');
    for (const outcome of ['untrusted', 'broken'] as const) {
      const event_id = `$${outcome}` as EventId;
      world.decrypter.knows(event_id, { outcome });
      await bridge.event({ event_id, type: 'm.room.encrypted', room_id: ROOM });
    }
    await bridge.pump();
    expect(said()).to.deep.equal([]);
    expect(await world.stores.events.depth(Date.now())).to.deep.include({ waiting: 0, parked: 0 });
  });

  it('does not take a room that replaces a ward’s for the command room', async () => {
    await room('care-team');
    world.rooms.add('!next' as RoomId);
    await bridge.event({
      type: 'm.room.tombstone',
      room_id: ROOM,
      state_key: '',
      content: { replacement_room: '!next' },
    });
    await bridge.pump();
    expect(await world.stores.settings.get('command-room')).to.equal(COMMAND_ROOM);
  });

  it('hints at nothing where somebody reacts to a colleague', async () => {
    await room('care-team');
    await bridge.event({
      type: 'm.reaction',
      room_id: ROOM,
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$x', key: '✅' } },
    });
    await bridge.pump();
    expect(said()).to.deep.equal([]);
  });
});
