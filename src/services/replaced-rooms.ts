import type { RoomId } from '../model/ids.ts';
import type { SettingsStore } from '../ports/settings-store.ts';

/** Key under which the room is kept that replaced `roomId`: whoever still writes in the old one is told. */
export function replacementSetting(roomId: RoomId): string {
  return `replaced:${roomId}`;
}

/** The room that is in the place of `roomId` now: itself, where it was not replaced. */
export async function roomInPlaceOf(settings: Pick<SettingsStore, 'get'>, roomId: RoomId): Promise<RoomId> {
  let current = roomId;
  for (let next; (next = await settings.get(replacementSetting(current)));) current = next as RoomId;
  return current;
}
