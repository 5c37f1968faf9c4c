/** Reads the body of a transaction. Pure: bytes in, well-formed events out. */
import { parseEventId, parseRoomId, parseUserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';

/** The events, in order; `malformed` were left out, `repeated` came twice. Or why the whole body is refused. */
export type TransactionBody =
  | { readonly events: readonly MatrixEvent[]; readonly malformed: number; readonly repeated: number }
  | { readonly refused: 'M_NOT_JSON' | 'M_BAD_JSON'; readonly problem: string };

/**
 * An event of 64 KiB cannot hold more levels than this, so a deeper body does not come from a homeserver. A single event that is merely deep is
 * left out instead: refusing the transaction would let one member of a room stop all delivery.
 */
const MAX_BODY_DEPTH = 33_000;

/** No event type in use comes near; what is stored must be safe for recursive code. */
const MAX_EVENT_DEPTH = 64;

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
  const wellFormed = events.map(readEvent).filter((event) => event !== undefined);
  const unique = [...new Map(wellFormed.map((event) => [event.event_id, event])).values()];
  return { events: unique, malformed: events.length - wellFormed.length, repeated: wellFormed.length - unique.length };
}

/** The event with the fields we use and no others, or undefined where it is not one. */
function readEvent(value: unknown): MatrixEvent | undefined {
  if (!isObject(value) || isDeeper(value, MAX_EVENT_DEPTH)) return undefined;
  const { type, state_key: stateKey, origin_server_ts: at, content, redacts, unsigned } = value;
  const roomId = parseRoomId(value['room_id']);
  const eventId = parseEventId(value['event_id']);
  const sender = parseUserId(value['sender']);
  if (roomId === undefined || eventId === undefined || sender === undefined) return undefined;
  if (!isShortText(type) || type === '' || !Number.isSafeInteger(at) || !isObject(content)) return undefined;
  if (stateKey !== undefined && !isShortText(stateKey)) return undefined;
  const redactedEvent = parseEventId(redacts);
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

/** Of what the homeserver adds to an event only this is used: that it was removed, and which room the one of an invitation replaces. */
function readUnsigned(unsigned: Record<string, unknown>): Pick<MatrixEvent, 'unsigned'> {
  const { redacted_because: because, invite_room_state: state } = unsigned;
  const create = Array.isArray(state)
    ? (state as unknown[]).filter((event) => isObject(event) && event['type'] === 'm.room.create')
    : [];
  const read = {
    ...(isObject(because) && { redacted_because: because }),
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Counts brackets outside of strings, before the parser is let loose. Right for valid JSON; for anything else the parser decides. */
function nestsDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let isString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (isString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isString = false;
    } else if (byte === QUOTE) isString = true;
    else if (OPENING.has(byte) && ++depth > limit) return true;
    else if (CLOSING.has(byte)) depth--;
  }
  return false;
}

/** Level by level instead of by recursion, which the input could exhaust. */
function isDeeper(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < limit; depth++) {
    level = level.flatMap((node): unknown[] => (typeof node === 'object' && node !== null ? Object.values(node) : []));
    if (level.length === 0) return false;
  }
  return level.some((node) => typeof node === 'object' && node !== null);
}
