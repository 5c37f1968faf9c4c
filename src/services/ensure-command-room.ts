import type { RoomId } from '../model/ids.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { MakeGovernedRoom, RoomToMake } from './make-governed-room.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';

/** What the command room needs. */
export interface CommandRoomParts {
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly settings: SettingsStore;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'add'>;
}

const COMMAND_ROOM: RoomToMake = {
  kind: 'command',
  phiClass: 'phi',
  unit: undefined,
  conversation: undefined,
  key: 'command',
  name: 'Carebridge commands',
};

/** At start: makes the command room, or finds the one made earlier. Who belongs in it is asked in by its being governed. */
export async function ensureCommandRoom({ make, settings, governedRooms }: CommandRoomParts): Promise<RoomId> {
  const known = (await settings.get(COMMAND_ROOM_SETTING)) as RoomId | undefined;
  if (known === undefined) {
    return await make.make(COMMAND_ROOM, (roomId) => settings.set(COMMAND_ROOM_SETTING, roomId));
  }
  // Made by a version that governed no rooms.
  if ((await governedRooms.find(known)) === undefined) {
    const { key, ...room } = COMMAND_ROOM;
    await governedRooms.add({ ...room, roomId: known, opaqueId: key, origin: 'made', since: Date.now() });
  }
  return known;
}
