/** What the audit log may keep of room state: who may do what, and never the words that people wrote (names and topics may name a patient). */
import { parseRoomId, parseUserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import { PHI_CLASS_EVENT, parsePhiClass } from '../model/phi-class.ts';
import type { RoomChange } from '../model/room-change.ts';

/** As many differences of power levels, servers or rooms are named one by one. */
const MOST_NAMED = 50;
const OTHER = 'other';

/** Before and after of a change, without PHI and bounded. Undefined where there is nothing. */
export function auditableChange(change: RoomChange): { readonly before?: JsonValue; readonly after?: JsonValue } {
  switch (change.kind) {
    case 'set-state': {
      if (change.type === 'm.room.power_levels') return auditableLevels(change.before, change.after);
      const before = change.before && auditableState(change.type, change.before);
      return { ...(before !== undefined && { before }), after: auditableState(change.type, change.after) };
    }
    case 'invite':
      return { after: 'invite' };
    case 'remove':
    case 'unban':
      return { after: 'leave' };
    case 'remove-alias':
    case 'report':
      return {};
  }
}

/** The content of a state event, in words of a closed list, ids and server names. */
function auditableState(type: string, content: Readonly<Record<string, unknown>>): JsonValue {
  switch (type) {
    case 'm.room.join_rules':
      return {
        join_rule: word(content['join_rule'], JOIN_RULES),
        ...(content['allow'] !== undefined && { allow: allowedRooms(content['allow']) }),
      };
    case 'm.room.guest_access':
      return { guest_access: word(content['guest_access'], ['can_join', 'forbidden']) };
    case 'm.room.history_visibility':
      return { history_visibility: word(content['history_visibility'], HISTORY) };
    case 'm.room.encryption':
      return { algorithm: word(content['algorithm'], ['m.megolm.v1.aes-sha2']) };
    case 'm.room.server_acl':
      return { allow: servers(content['allow']), deny: servers(content['deny']) };
    case 'm.space.child':
    case 'm.space.parent':
      return { via: servers(content['via']) };
    case 'm.room.tombstone':
      return { replacement_room: parseRoomId(content['replacement_room']) ?? OTHER };
    case PHI_CLASS_EVENT:
      return { class: parsePhiClass(content['class']) ?? OTHER };
    default:
      return withheld(content);
  }
}

const JOIN_RULES = ['public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private'];
const HISTORY = ['joined', 'invited', 'shared', 'world_readable'];

/** Only what differs: a room may have thousands of levels. */
function auditableLevels(
  before: Readonly<Record<string, unknown>> | undefined,
  after: Readonly<Record<string, unknown>>,
): { before?: JsonValue; after: JsonValue } {
  const [was, is] = [flat(before ?? {}), flat(after)];
  const differing = [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key));
  const named = differing.slice(0, MOST_NAMED);
  const more = differing.length - named.length;
  const pick = (levels: ReadonlyMap<string, number | string>) => ({
    ...Object.fromEntries(named.flatMap((key) => (levels.has(key) ? [[key, levels.get(key)!]] : []))),
    ...(more > 0 && { more }),
  });
  return { ...(before !== undefined && { before: pick(was) }), after: pick(is) };
}

const LEVEL_GROUPS = new Set(['users', 'events', 'notifications']);
const LEVEL_NAMES = /^(users_default|events_default|state_default|invite|kick|ban|redact|room)$/;

function flat(levels: Readonly<Record<string, unknown>>): Map<string, number | string> {
  const found = new Map<string, number | string>();
  const put = (key: string, value: unknown) =>
    found.set(key, typeof value === 'number' && Number.isFinite(value) ? value : OTHER);
  for (const [name, value] of Object.entries(levels)) {
    if (!LEVEL_GROUPS.has(name)) {
      if (LEVEL_NAMES.test(name)) put(name, value);
      continue;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      put(name, value);
      continue;
    }
    for (const [key, level] of Object.entries(value)) {
      if (name === 'users') put(`users ${parseUserId(key) ?? OTHER}`, level);
      else put(`${name} ${/^[a-z][a-z0-9_.-]{1,80}$/.test(key) ? key : OTHER}`, level);
    }
  }
  return found;
}

function word(value: unknown, known: readonly string[]): string {
  if (value === undefined) return 'none';
  return known.find((each) => each === value) ?? OTHER;
}

function allowedRooms(value: unknown): JsonValue {
  if (!Array.isArray(value)) return OTHER;
  return value
    .slice(0, MOST_NAMED)
    .map((entry: unknown) => parseRoomId((entry as { room_id?: unknown } | null)?.room_id) ?? OTHER);
}

function servers(value: unknown): JsonValue {
  if (value === undefined) return 'none';
  if (!Array.isArray(value)) return OTHER;
  return value.slice(0, MOST_NAMED).map((name: unknown) => (isServer(name) ? name : OTHER));
}

function isServer(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z0-9.*?:[\]-]{1,230}$/.test(name);
}

/** How much there was, and nothing of it. */
function withheld(content: Readonly<Record<string, unknown>>): JsonValue {
  return Object.keys(content).length === 0 ? {} : { withheld: true, fields: Object.keys(content).length };
}
