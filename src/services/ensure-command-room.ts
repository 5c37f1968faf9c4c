import { PermanentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';

/** What the command room needs. */
export interface CommandRoomParts {
  readonly rooms: Rooms;
  readonly settings: SettingsStore;
  /** Administrators and the teams of all lines. */
  readonly members: readonly UserId[];
  readonly log: Logger;
}

/** At start: makes the command room, or finds the one made earlier, and invites whoever was added to the configuration since. */
export async function ensureCommandRoom({ rooms, settings, members, log }: CommandRoomParts): Promise<RoomId> {
  const known = await settings.get(COMMAND_ROOM_SETTING);
  if (known !== undefined) {
    const roomId = known as RoomId;
    const joined = await rooms.joinedMembers(roomId);
    for (const member of members) if (!joined.has(member)) await inviteTo(roomId, member, { rooms, log });
    return roomId;
  }
  const roomId = await rooms.create({
    key: 'command',
    name: 'Carebridge commands',
    topic: 'Type commands for the bridge here',
    invite: members,
  });
  await settings.set(COMMAND_ROOM_SETTING, roomId);
  return roomId;
}

/** One member who cannot be invited (left the hospital, mistyped) must not keep the bridge from starting. */
async function inviteTo(
  roomId: RoomId,
  member: UserId,
  { rooms, log }: Pick<CommandRoomParts, 'rooms' | 'log'>,
): Promise<void> {
  try {
    await rooms.invite(roomId, member);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    log.warn('room.invite-refused', { roomId, userId: member });
  }
}
