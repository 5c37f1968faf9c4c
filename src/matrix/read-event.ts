import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';
import { clientPath, type Homeserver } from './homeserver.ts';
import { statusOf } from './matrix-fault.ts';
import { parseEvent } from './transaction-body.ts';

/** An event of a room that the bot is in; undefined where it cannot be seen. Throws RetryableError while the homeserver is away. */
export async function readEvent(
  homeserver: Homeserver,
  bot: UserId,
  roomId: RoomId,
  eventId: EventId,
): Promise<MatrixEvent | undefined> {
  const path = clientPath`/_matrix/client/v3/rooms/${roomId}/event/${eventId}`;
  try {
    const answer = await homeserver.call(bot, 'read an event', { method: 'GET', path });
    // Whatever the homeserver says that it is: it is taken for the event that was asked for, and no other.
    return parseEvent({ ...answer, room_id: roomId, event_id: eventId });
  } catch (error) {
    const status = statusOf(error);
    if (status === 403 || status === 404) return undefined;
    throw error;
  }
}
