import { GOVERNED_STATE, USUAL_LEVELS } from '../model/governed-levels.ts';
import { PHI_CLASS_EVENT } from '../model/phi-class.ts';
import type { UserId } from '../model/ids.ts';
import type { CarePolicy, ClassRules } from '../model/care-policy.ts';
import { rolesIn } from './may-be-in.ts';
import type { RoomToGovern } from './room-to-govern.ts';

/** The bot's power where it does not stand above the levels. Nobody else may have as much: equals cannot put each other right. */
export const BOT_POWER = 100;

/** The `events` of every governed room. */
export const GOVERNED_EVENTS: Readonly<Record<string, number>> = Object.fromEntries(
  [...GOVERNED_STATE, 'm.space.child', 'im.vector.modular.widgets', 'm.widget', PHI_CLASS_EVENT].map((type) => [
    type,
    BOT_POWER,
  ]),
);

/** The levels of a room, apart from its users: everybody may talk, the bot governs. */
export function wantedLevels(rules: ClassRules) {
  return { ...USUAL_LEVELS, invite: rules.invitePower } as const;
}

/** The power that a member's roles give in this room. In an emergency, and without a role, none. */
export function rolePower(policy: CarePolicy, room: RoomToGovern, user: UserId): number {
  return rolesIn(policy, room, user).reduce((most, { power }) => Math.max(most, power), 0);
}
