/** Who can do what in a room, by its power levels as they are. Never throws: members wrote them. */
import { parseUserId, type UserId } from '../model/ids.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { contentOf, isObject, type Content } from './rules/rule.ts';

/** What holds where a power level event leaves a level out (Matrix specification, m.room.power_levels). */
export const LEVEL_DEFAULTS = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  invite: 0,
  kick: 50,
  ban: 50,
  redact: 50,
} as const;

/** The name of a level. */
export type LevelName = keyof typeof LEVEL_DEFAULTS;

/** A level as servers read it: old room versions take numbers in strings too. undefined where it is none. */
export function levelIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (typeof value === 'string' && value.length < 32 && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  return undefined;
}

/** The power of `user`; Infinity for a creator in room version 12 and later. */
export function powerOf(snapshot: RoomSnapshot, user: UserId): number {
  if (snapshot.creators.has(user)) return Infinity;
  const levels = contentOf(snapshot, 'm.room.power_levels');
  if (levels === undefined) return contentCreator(snapshot) === user ? 100 : 0;
  return (isObject(levels['users']) ? own(levels['users'], user) : undefined) ?? levelOf(snapshot, 'users_default');
}

/** A level of the room. */
export function levelOf(snapshot: RoomSnapshot, name: LevelName): number {
  const levels = contentOf(snapshot, 'm.room.power_levels');
  if (levels === undefined) return name === 'state_default' ? 0 : LEVEL_DEFAULTS[name];
  return own(levels, name) ?? LEVEL_DEFAULTS[name];
}

/** The power that writing state of `type` takes. */
export function powerToWrite(snapshot: RoomSnapshot, type: string): number {
  if (type === 'm.room.third_party_invite') return levelOf(snapshot, 'invite');
  const events = contentOf(snapshot, 'm.room.power_levels')?.['events'];
  return (isObject(events) ? own(events, type) : undefined) ?? levelOf(snapshot, 'state_default');
}

function own(content: Content, name: string): number | undefined {
  return Object.hasOwn(content, name) ? levelIn(content[name]) : undefined;
}

function contentCreator(snapshot: RoomSnapshot): UserId | undefined {
  const create = snapshot.state.get(stateId('m.room.create'));
  return parseUserId(create?.content['creator']) ?? create?.sender;
}
