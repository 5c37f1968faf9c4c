/** Reads the body of a transaction. Pure: bytes in, well-formed events out. */
import { parseEventId, parseRoomId, parseUserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';
import { MAX_EVENT_DEPTH, isDeeper, nestsDeeperThan } from './json-depth.ts';

/** The events, in order; `malformed` were left out. Or why the whole body is refused. */
export type TransactionBody =
  | { readonly events: readonly MatrixEvent[]; readonly malformed: number }
  | { readonly refused: 'M_NOT_JSON' | 'M_BAD_JSON'; readonly problem: string };

/**
 * An event of 64 KiB cannot hold more levels than this, so a deeper body does not come from a homeserver. A single event that is merely deep is
 * left out instead: refusing the transaction would let one member of a room stop all delivery.
 */
const MAX_BODY_DEPTH = 33_000;

/** Matrix specification, client-server API: type and state key are at most 255 bytes. */
const MAX_STRING = 255;

/** The well-formed events in the bytes of a transaction. */
export function readTransactionBody(bytes: Uint8Array): TransactionBody {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { refused: 'M_NOT_JSON', problem: 'The body is not UTF-8.' };
  }
  if (nestsDeeperThan(bytes, MAX_BODY_DEPTH))
    return { refused: 'M_BAD_JSON', problem: 'The body is nested too deeply.' };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { refused: 'M_NOT_JSON', problem: 'The body is not JSON.' };
  }
  const events: unknown = isObject(body) ? body['events'] : undefined;
  if (!Array.isArray(events)) return { refused: 'M_BAD_JSON', problem: 'The body has no array of events.' };
  const wellFormed = events.map(parseEvent).filter((event) => event !== undefined);
  const unique = [...new Map(wellFormed.map((event) => [event.event_id, event])).values()];
  return { events: unique, malformed: events.length - wellFormed.length };
}

/** The event with the fields we use and no others, or undefined where it is not one. */
export function parseEvent(value: unknown): MatrixEvent | undefined {
  if (!isObject(value) || isDeeper(value, MAX_EVENT_DEPTH)) return undefined;
  const { type, state_key: stateKey, origin_server_ts: at, content, redacts, unsigned } = value;
  const roomId = parseRoomId(value['room_id']);
  const eventId = parseEventId(value['event_id']);
  const sender = parseUserId(value['sender']);
  if (roomId === undefined || eventId === undefined || sender === undefined) return undefined;
  if (!isShortText(type) || type === '' || !Number.isSafeInteger(at) || !isObject(content)) return undefined;
  if (stateKey !== undefined && !isShortText(stateKey)) return undefined;
  // Within the content from room version 11 on (MSC2174); Synapse repeats it outside.
  const redactedEvent =
    parseEventId(redacts) ?? (type === 'm.room.redaction' ? parseEventId(content['redacts']) : undefined);
  return {
    type,
    room_id: roomId,
    event_id: eventId,
    sender,
    origin_server_ts: at as number,
    content,
    ...(stateKey !== undefined && { state_key: stateKey }),
    ...(redactedEvent && { redacts: redactedEvent }),
    ...(isObject(unsigned) && readUnsigned(unsigned)),
  };
}

/** Of what the homeserver adds to an event only this is used: that it was removed, which state it replaced, and which room the one of an invitation replaces. */
function readUnsigned(unsigned: Record<string, unknown>): Pick<MatrixEvent, 'unsigned'> {
  const { redacted_because: because, invite_room_state: state } = unsigned;
  const replaces = parseEventId(unsigned['replaces_state']);
  const create = Array.isArray(state)
    ? (state as unknown[]).filter((event) => isObject(event) && event['type'] === 'm.room.create')
    : [];
  const read = {
    ...(isObject(because) && { redacted_because: because }),
    ...(replaces !== undefined && { replaces_state: replaces }),
    ...(create.length > 0 && { invite_room_state: create }),
  };
  return Object.keys(read).length > 0 ? { unsigned: read } : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text that any database takes: no NUL and no half of a surrogate pair. */
function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_STRING && !value.includes('\0') && value.isWellFormed();
}
