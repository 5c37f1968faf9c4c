import { PermanentError } from '../errors.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { RoomControl } from '../ports/room-control.ts';

/** The memberships of a room, or undefined if the bot cannot see it. Throws RetryableError if the homeserver is away. */
export async function seenMembers(
  control: Pick<RoomControl, 'snapshot'>,
  roomId: RoomId,
): Promise<ReadonlyMap<UserId, string> | undefined> {
  try {
    return (await control.snapshot(roomId)).members;
  } catch (error) {
    if (error instanceof PermanentError) return undefined;
    throw error;
  }
}
