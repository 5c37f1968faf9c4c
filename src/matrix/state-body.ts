/** Reads the answer to `GET /rooms/{roomId}/state`. Pure: bytes in, a record out, whatever the members of the room wrote. */
import { PermanentError, RetryableError } from '../errors.ts';
import { parseEventId, parseUserId, type RoomId, type UserId } from '../model/ids.ts';
import { isKeptState } from '../model/kept-state.ts';
import { nestsDeeperThan } from './json-depth.ts';
import { RoomRecord, type RawState } from './room-record.ts';

/** An answer with more bytes is refused. The state of a room with 10,000 members has 7 MB. */
export const MAX_STATE_BYTES = 32 * 1024 * 1024;

/** An event of 64 KiB cannot hold more levels than this. */
const MAX_BODY_DEPTH = 33_000;

/** The state in the bytes of an answer. Throws RetryableError where it is no list of events at all. */
export function readState(roomId: RoomId, bot: UserId, bytes: Uint8Array): RoomRecord {
  const record = new RoomRecord(roomId, bot);
  const seen = new Set<string>();
  let malformed = 0;
  for (const value of parseList(bytes)) {
    const event = readEvent(value);
    if (event === undefined) {
      malformed++;
      continue;
    }
    const { type, stateKey } = event;
    if (type !== 'm.room.member' && !isKeptState(type, stateKey)) continue;
    const id = `${type}\u0000${stateKey}`;
    if (seen.has(id)) record.addFault('repeated', 'The homeserver named the same state twice; the last one counts.');
    seen.add(id);
    record.put(event);
  }
  if (malformed > 0) record.addFault('malformed', `${malformed} state events are malformed.`);
  if (record.heldId('m.room.create', '') === undefined)
    record.addFault('create', 'The room has no event of its creation.');
  return record;
}

function parseList(bytes: Uint8Array): readonly unknown[] {
  if (nestsDeeperThan(bytes, MAX_BODY_DEPTH))
    throw new PermanentError("Could not read a room's state: it is nested too deeply.");
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw new RetryableError("Could not read a room's state: the homeserver's answer is not JSON.");
  }
  if (Array.isArray(list)) return list;
  throw new RetryableError("Could not read a room's state: the homeserver's answer is not a list.");
}

function readEvent(value: unknown): RawState | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, state_key: stateKey, content, sender: from, event_id: id } = value as Record<string, unknown>;
  const sender = parseUserId(from);
  const eventId = parseEventId(id);
  if (typeof type !== 'string' || typeof stateKey !== 'string') return undefined;
  return sender === undefined || eventId === undefined ? undefined : { type, stateKey, content, sender, eventId };
}
