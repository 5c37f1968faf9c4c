/** What a room's `m.room.create` says (Matrix specification, room versions; MSC4289). */
import { parseUserId, type UserId } from '../model/ids.ts';
import { hasPrivilegedCreators } from '../model/room-power.ts';
import type { StateEntry } from '../model/room-snapshot.ts';

const MAX_CREATORS = 1_000;

/** The room's version, `unknown` where it cannot be read. */
export function versionIn(create: StateEntry | undefined): string {
  if (create === undefined) return 'unknown';
  const version = create.content['room_version'] ?? '1';
  return typeof version === 'string' && /^[\x21-\x7e]{1,32}$/.test(version) ? version : 'unknown';
}

/** Who stands above the power levels; nobody in versions that know no such creators. */
export function creatorsIn(create: StateEntry | undefined): ReadonlySet<UserId> {
  if (create === undefined || !hasPrivilegedCreators(versionIn(create))) return new Set();
  const named = create.content['additional_creators'];
  const others = Array.isArray(named) ? named.slice(0, MAX_CREATORS).map(parseUserId) : [];
  return new Set([create.sender, ...others.filter((user) => user !== undefined)]);
}

/** What is wrong with it, in PHI-free words; undefined where nothing is. */
export function creationFault(create: StateEntry): string | undefined {
  const creators = create.content['additional_creators'];
  if (versionIn(create) === 'unknown') return 'The room version cannot be read.';
  const isFine = creators === undefined || (Array.isArray(creators) && creators.every((user) => parseUserId(user)));
  return isFine ? undefined : 'The list of additional creators is malformed.';
}
