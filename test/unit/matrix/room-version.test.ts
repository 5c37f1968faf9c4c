import { expect } from 'chai';
import { PermanentError } from '../../../src/errors.ts';
import { createRoomBody, powerLevels } from '../../../src/matrix/room-plan.ts';
import { chooseRoomVersion } from '../../../src/matrix/room-version.ts';
import type { UserId } from '../../../src/model/ids.ts';

const BOT = '@carebridge:hospital.test' as UserId;

function capabilities(preferred: string, ...available: string[]): Record<string, unknown> {
  const versions = Object.fromEntries(available.map((version) => [version, 'stable']));
  return { capabilities: { 'm.room_versions': { default: preferred, available: versions } } };
}

describe('room version', () => {
  const all = ['1', '6', '9', '10', '11', '12', '13'];
  const table: readonly (readonly [string, string | undefined, Record<string, unknown>, string | undefined])[] = [
    ["the homeserver's default", undefined, capabilities('11', ...all), '11'],
    ['the configured one', '9', capabilities('12', ...all), '9'],
    ['the best that both know where the default is too old', undefined, capabilities('6', '6', '9', '10'), '10'],
    ['the best that both know where the default is too new', undefined, capabilities('13', ...all), '12'],
    ['none where the homeserver does not have the configured one', '12', capabilities('11', '10', '11'), undefined],
    ['none where the configured one is not supported', '6', capabilities('6', ...all), undefined],
    ['none where nothing fits', undefined, capabilities('6', '6'), undefined],
    ['none where the answer is empty', undefined, {}, undefined],
  ];
  for (const [title, configured, answer, expected] of table) {
    it(title, () => {
      if (expected !== undefined) expect(chooseRoomVersion(configured, answer)).to.equal(expected);
      else expect(() => chooseRoomVersion(configured, answer)).to.throw(PermanentError, 'rooms.version');
    });
  }
});

describe('power levels of a new room', () => {
  for (const version of ['9', '10', '11'] as const) {
    it(`version ${version}: the bot governs by its level`, () => {
      expect(powerLevels(BOT, version)['users']).to.deep.equal({ [BOT]: 100 });
    });
  }

  it('version 12: the creator is above them and must not be named', () => {
    expect(powerLevels(BOT, '12')['users']).to.deep.equal({});
  });

  it('let nobody but the bot change what the room is', () => {
    const { events, ...levels } = powerLevels(BOT, '11') as { events: Record<string, number> };
    for (const type of [
      'm.room.name',
      'm.room.encryption',
      'm.room.history_visibility',
      'm.room.power_levels',
      'm.room.tombstone',
    ]) {
      expect(events[type], type).to.equal(100);
    }
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
    const plan = { key: 'k', name: 'n', topic: 't', invite: ['@nurse:hospital.test' as UserId] };
    const body = createRoomBody(plan, 'carebridge_k', BOT, '12');
    expect(body).to.include({ preset: 'private_chat', visibility: 'private', room_alias_name: 'carebridge_k' });
    expect(body).not.to.have.any.keys('invite', 'is_direct', 'creation_content');
  });
});
