import { PHI_CLASS_EVENT } from './phi-class.ts';

/** State that a room has once, its state key empty. With another key it has no effect, and is not kept. */
const SINGLE = new Set([
  'm.room.avatar',
  'm.room.canonical_alias',
  'm.room.create',
  'm.room.encryption',
  'm.room.guest_access',
  'm.room.history_visibility',
  'm.room.join_rules',
  'm.room.name',
  'm.room.pinned_events',
  'm.room.policy',
  'm.room.policy',
  'm.room.power_levels',
  'm.room.retention',
  'm.room.server_acl',
  'm.room.tombstone',
  'm.room.topic',
  // A policy server, as servers know it before it is in the specification.
  'org.matrix.msc4284.policy',
  PHI_CLASS_EVENT,
]);

/** State that a room has many times, by its state key. */
const KEYED = new Set([
  // Of old servers: their aliases for the room, by server name.
  'm.room.aliases',
  // Of room versions before 6, by server.
  'm.room.aliases',
  'm.room.third_party_invite',
  'm.space.child',
  'm.space.parent',
  // What shows that another bridge or a widget is in.
  'im.vector.modular.widgets',
  'm.bridge',
  'm.widget',
  'uk.half-shot.bridge',
]);

/** Every type of state event, beside members, that a `RoomSnapshot` holds: what policy looks at. A rule about another type never sees one. */
export const KEPT_STATE: ReadonlySet<string> = new Set([...SINGLE, ...KEYED]);

/** True for a state event that a snapshot holds. */
export function isKeptState(type: string, stateKey: string): boolean {
  return stateKey === '' ? KEPT_STATE.has(type) : KEYED.has(type);
}
