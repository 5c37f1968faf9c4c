/** Tries the keys of a client on an event that it would no longer be given by the homeserver. */
import type { Nurse } from './nurse.ts';
import type { ReceivedEvent } from './received-events.ts';

/** True where `holder` has the keys to an event that `reader` can fetch. */
export async function canDecrypt(holder: Nurse, reader: Nurse, { roomId, eventId }: ReceivedEvent): Promise<boolean> {
  const path = `/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
  const url = `${reader.client.baseUrl}/_matrix/client/v3${path}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${reader.client.getAccessToken()}` } });
  const event = holder.client.getEventMapper({ decrypt: false })((await answer.json()) as never);
  // The mapper hands out the event that the client has already, if it has it.
  if (event.getClearContent() !== null) return true;
  await event.attemptDecryption(holder.crypto as never);
  return !event.isDecryptionFailure();
}
