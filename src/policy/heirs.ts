import type { CarePolicy } from '../model/care-policy.ts';
import { USUAL_LEVELS } from '../model/governed-levels.ts';
import { serverOf, type UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { rolePower } from './wanted-power-levels.ts';
import type { RoomToGovern } from './room-to-govern.ts';

/** Whoever has as much power by a role can be trusted with a room. */
const ENOUGH_POWER = 50;

/**
 * Who governs a room after the bot: whoever has it released, where in the room, and those in it with the most power by their roles. Empty where nobody
 * is fit for it.
 */
export function heirsOf(
  policy: CarePolicy,
  room: RoomToGovern,
  snapshot: RoomSnapshot,
  actor: UserId,
): readonly UserId[] {
  const powers = [...snapshot.members].flatMap(([user, membership]): [UserId, number][] =>
    membership === 'join' && !isOurs(policy.namespace, user) && serverOf(user) === policy.namespace.domain
      ? [[user, rolePower(policy, room, user)]]
      : [],
  );
  const most = powers.reduce((top, [, power]) => Math.max(top, power), ENOUGH_POWER);
  return powers.flatMap(([user, power]) => (power >= most || user === actor ? [user] : []));
}

/** True where somebody is in the room beside the bridge’s own users. */
export function holdsPeople(policy: CarePolicy, snapshot: RoomSnapshot): boolean {
  return [...snapshot.members].some(([user, membership]) => membership === 'join' && !isOurs(policy.namespace, user));
}

/** The power levels of a room that people govern: as usual in Matrix, with these at the top. */
export function levelsAfterRelease(top: readonly UserId[]): Record<string, unknown> {
  return {
    users: Object.fromEntries(top.map((user) => [user, 100])),
    ...USUAL_LEVELS,
    events: Object.fromEntries(TOP_EVENTS.map((type) => [type, 100])),
    notifications: { room: 50 },
  };
}

const TOP_EVENTS = [
  'm.room.power_levels',
  'm.room.history_visibility',
  'm.room.encryption',
  'm.room.server_acl',
  'm.room.tombstone',
];
