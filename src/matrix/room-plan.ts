/** What a governed room is made of: the body of `POST /createRoom`. */
import type { UserId } from '../model/ids.ts';
import { GOVERNED_STATE, USUAL_LEVELS } from '../model/governed-levels.ts';
import { hasPrivilegedCreators } from '../model/room-power.ts';
import type { GovernedRoomPlan } from '../model/governed-room-plan.ts';
import type { RoomVersion } from './room-version.ts';

/** The one algorithm that clients and the bridge use (Matrix specification, client-server API, end-to-end encryption). */
export const MEGOLM = 'm.megolm.v1.aes-sha2';

/** State that makes a room safe for PHI. Written at creation, and again where an interrupted creation left it out. */
const SAFE_STATE: readonly (readonly [type: string, content: Readonly<Record<string, unknown>>])[] = [
  ['m.room.encryption', { algorithm: MEGOLM }],
  ['m.room.history_visibility', { history_visibility: 'joined' }],
  ['m.room.guest_access', { guest_access: 'forbidden' }],
  ['m.room.join_rules', { join_rule: 'invite' }],
];

/** Power levels where the plan has none: everybody may talk, the bot governs. */
function powerLevels(bot: UserId, version: string): Record<string, unknown> {
  return {
    users: hasPrivilegedCreators(version) ? {} : { [bot]: 100 },
    ...USUAL_LEVELS,
    events: Object.fromEntries(GOVERNED_STATE.map((type) => [type, 100])),
    notifications: { room: 50 },
  };
}

/**
 * The request for a new room of any kind. What the plan says nothing of is safe: by invitation, no guests, history from joining on, and, but in
 * a space, where nobody talks, encryption. The bot is given its power in the form that the version asks for. Nobody is invited by it: one user who
 * cannot be invited would fail the whole. The `trusted_private_chat` preset is never used: it would make whoever is invited a creator.
 */
export function governedRoomBody(
  plan: GovernedRoomPlan,
  aliasLocalpart: string,
  bot: UserId,
  version: RoomVersion,
): Record<string, unknown> {
  return {
    preset: 'private_chat',
    visibility: 'private',
    room_version: version,
    room_alias_name: aliasLocalpart,
    name: plan.name,
    ...(plan.topic !== '' && { topic: plan.topic }),
    creation_content: { ...(plan.isSpace && { type: 'm.space' }), ...(!plan.federate && { 'm.federate': false }) },
    initial_state: governedState(plan, bot, version).map(([type, stateKey, content]) => ({
      type,
      state_key: stateKey,
      content,
    })),
  };
}

/** The state that a governed room begins with, in its order. */
export function governedState(
  plan: GovernedRoomPlan,
  bot: UserId,
  version: string,
): readonly (readonly [type: string, stateKey: string, content: Readonly<Record<string, unknown>>])[] {
  const wanted = plan.initialState.filter(({ type }) => type !== 'm.room.power_levels');
  const isWanted = (type: string) => wanted.some((state) => state.type === type && state.stateKey === '');
  const levels = plan.initialState.find(({ type }) => type === 'm.room.power_levels')?.content;
  const safe = SAFE_STATE.filter(([type]) => !isWanted(type) && !(plan.isSpace && type === 'm.room.encryption'));
  return [
    ['m.room.power_levels', '', withBot(levels ?? powerLevels(bot, version), bot, version)],
    ...safe.map(([type, content]) => [type, '', content] as const),
    ...wanted.map(({ type, stateKey, content }) => [type, stateKey, content] as const),
  ];
}

/** The bot has 100 by name, or, where it stands above as the creator, is not named. */
function withBot(
  levels: Readonly<Record<string, unknown>>,
  bot: UserId,
  version: string,
): Readonly<Record<string, unknown>> {
  const { [bot]: _, ...others } = (levels['users'] ?? {}) as Record<string, unknown>;
  return { ...levels, users: hasPrivilegedCreators(version) ? others : { ...others, [bot]: 100 } };
}
