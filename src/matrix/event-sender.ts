import { parseUserId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import { clientPath, type Homeserver } from './homeserver.ts';
import { statusOf } from './matrix-fault.ts';

/** Who wrote an event of a room that the bot is in; undefined where it cannot be seen. Throws RetryableError while the homeserver is away. */
export async function readEventSender(
  homeserver: Homeserver,
  bot: UserId,
  roomId: RoomId,
  eventId: EventId,
): Promise<UserId | undefined> {
  const path = clientPath`/_matrix/client/v3/rooms/${roomId}/event/${eventId}`;
  try {
    return parseUserId((await homeserver.call(bot, 'read an event', { method: 'GET', path }))['sender']);
  } catch (error) {
    const status = statusOf(error);
    if (status === 403 || status === 404) return undefined;
    throw error;
  }
}
