import { PHI_CLASS_EVENT } from '../model/phi-class.ts';
import type { UserId } from '../model/ids.ts';
import type { CarePolicy, ClassRules } from '../model/care-policy.ts';
import { rolesIn } from './may-be-in.ts';
import type { RoomToGovern } from './room-to-govern.ts';

/** The bot's power where it does not stand above the levels. Nobody else may have as much: equals cannot put each other right. */
export const BOT_POWER = 100;

/** What a room is: only the bot writes it. */
const GOVERNED_STATE = [
  'm.room.name',
  'm.room.topic',
  'm.room.avatar',
  'm.room.canonical_alias',
  'm.room.encryption',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.join_rules',
  'm.room.power_levels',
  'm.room.server_acl',
  'm.room.tombstone',
  'm.space.parent',
  'm.space.child',
  'im.vector.modular.widgets',
  'm.widget',
  PHI_CLASS_EVENT,
];

/** The `events` of every governed room. */
export const GOVERNED_EVENTS: Readonly<Record<string, number>> = Object.fromEntries(
  GOVERNED_STATE.map((type) => [type, BOT_POWER]),
);

/** The levels of a room, apart from its users: everybody may talk, the bot governs. */
export function wantedLevels(rules: ClassRules) {
  return {
    users_default: 0,
    events_default: 0,
    state_default: 50,
    invite: rules.invitePower,
    kick: 50,
    ban: 50,
    redact: 50,
  } as const;
}

/** The power that a member's roles give in this room. In an emergency, and without a role, none. */
export function rolePower(policy: CarePolicy, room: RoomToGovern, user: UserId): number {
  return rolesIn(policy, room, user).reduce((most, { power }) => Math.max(most, power), 0);
}
