/**
 * Who may do what in a room (Matrix specification, m.room.power_levels, and the authorization rules of each room version). Whatever was put there
 * in place of a number counts as not being there.
 */
import type { UserId } from './ids.ts';
import { stateId, type RoomSnapshot } from './room-snapshot.ts';

/** What a creator of room version 12 or later has: more than any number in the power levels. */
export const CREATOR_POWER = Number.MAX_SAFE_INTEGER;

/** What somebody may want to do that is not sending an event. */
export type PowerAction = 'invite' | 'kick' | 'ban' | 'redact';

const ACTION_DEFAULTS: Readonly<Record<PowerAction, number>> = { invite: 0, kick: 50, ban: 50, redact: 50 };
/** From this version on, levels are integers; before, servers took text for them (MSC3667). */
const FIRST_STRICT_VERSION = 10;
const FIRST_PRIVILEGED_VERSION = 12;

/** True where a room's creators stand above the power levels and must not be named in them (MSC4289). Unknown later versions count as such. */
export function hasPrivilegedCreators(version: string): boolean {
  return version === 'org.matrix.hydra.11' || numberOf(version) >= FIRST_PRIVILEGED_VERSION;
}

/** The user's power level in the room, `CREATOR_POWER` for creators of version 12. */
export function powerOf(room: RoomSnapshot, user: UserId): number {
  if (room.creators.has(user)) return CREATOR_POWER;
  const levels = levelsOf(room);
  if (levels === undefined) {
    const isCreator = room.state.get(stateId('m.room.create'))?.sender === user;
    return isCreator && !hasPrivilegedCreators(room.version) ? 100 : 0;
  }
  return level(room, field(levels, 'users', user)) ?? level(room, levels['users_default']) ?? 0;
}

/** The power that an action needs. */
export function powerToAct(room: RoomSnapshot, action: PowerAction): number {
  return level(room, levelsOf(room)?.[action]) ?? ACTION_DEFAULTS[action];
}

/** The power that writing a state event of this type needs. */
export function powerToWrite(room: RoomSnapshot, type: string): number {
  const levels = levelsOf(room);
  if (levels === undefined) return 0;
  return level(room, field(levels, 'events', type)) ?? level(room, levels['state_default']) ?? 50;
}

function levelsOf(room: RoomSnapshot): Readonly<Record<string, unknown>> | undefined {
  return room.state.get(stateId('m.room.power_levels'))?.content;
}

/** `content[name][key]`, own properties only: a user may be called `constructor`. */
function field(content: Readonly<Record<string, unknown>>, name: string, key: string): unknown {
  const inner = content[name];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return undefined;
  return Object.hasOwn(inner, key) ? (inner as Record<string, unknown>)[key] : undefined;
}

function level(room: RoomSnapshot, value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? bounded(value) : undefined;
  const isText = typeof value === 'string' && numberOf(room.version) < FIRST_STRICT_VERSION;
  return isText && /^\s*[+-]?\d{1,30}\s*$/.test(value) ? bounded(Number(value)) : undefined;
}

function bounded(value: number): number {
  return Math.trunc(Math.min(CREATOR_POWER - 1, Math.max(1 - CREATOR_POWER, value)));
}

/** NaN for a version that is not a number: no comparison with it is true. */
function numberOf(version: string): number {
  return /^\d{1,6}$/.test(version) ? Number(version) : Number.NaN;
}
