import { expect } from 'chai';
import { governedRoomBody } from '../../../src/matrix/room-plan.ts';
import type { RoomVersion } from '../../../src/matrix/room-version.ts';
import type { UserId } from '../../../src/model/ids.ts';

const BOT = '@carebridge:hospital.test' as UserId;

describe('the request for a new room of which the plan says nothing more', () => {
  const bodyOf = (version: RoomVersion) => {
    const plan = { key: 'k', name: 'n', topic: 't', invite: ['@nurse:hospital.test' as UserId], initialState: [] };
    return governedRoomBody({ ...plan, isSpace: false, federate: true }, 'carebridge_k', BOT, version);
  };
  const levelsOf = (version: RoomVersion) => {
    const state = bodyOf(version)['initial_state'] as { type: string; content: Record<string, unknown> }[];
    return state.find(({ type }) => type === 'm.room.power_levels')?.content ?? {};
  };

  for (const version of ['9', '10', '11'] as const) {
    it(`version ${version}: the bot governs by its level`, () => {
      expect(levelsOf(version)['users']).to.deep.equal({ [BOT]: 100 });
    });
  }

  it('version 12: the creator is above them and must not be named', () => {
    expect(levelsOf('12')['users']).to.deep.equal({});
  });

  it('lets nobody but the bot change what the room is', () => {
    const { events, ...levels } = levelsOf('11') as { events: Record<string, number> };
    for (const type of [
      ...['m.room.name', 'm.room.encryption', 'm.room.history_visibility', 'm.room.power_levels', 'm.room.tombstone'],
    ])
      expect(events[type], type).to.equal(100);
    expect(levels).to.include({
      users_default: 0,
      events_default: 0,
      state_default: 50,
      invite: 50,
      kick: 50,
      ban: 50,
    });
  });

  it('never makes invited users creators', () => {
    const body = bodyOf('12');
    expect(body).to.include({ preset: 'private_chat', visibility: 'private', room_alias_name: 'carebridge_k' });
    expect(body).not.to.have.any.keys('invite', 'is_direct');
    expect(body['creation_content']).to.deep.equal({});
  });
});
