/** What a governed room is made of: the body of `POST /createRoom`. */
import type { UserId } from '../model/ids.ts';
import type { RoomPlan } from '../ports/rooms.ts';
import { hasPrivilegedCreator, type RoomVersion } from './room-version.ts';

/** The one algorithm that clients and the bridge use (Matrix specification, client-server API, end-to-end encryption). */
export const MEGOLM = 'm.megolm.v1.aes-sha2';

/** State that makes a room safe for PHI. Written at creation, and again where an interrupted creation left it out. */
export const SAFE_STATE: readonly (readonly [type: string, content: Readonly<Record<string, unknown>>])[] = [
  ['m.room.encryption', { algorithm: MEGOLM }],
  ['m.room.history_visibility', { history_visibility: 'joined' }],
  ['m.room.guest_access', { guest_access: 'forbidden' }],
  ['m.room.join_rules', { join_rule: 'invite' }],
];

/** Only the bot may change what a room is. */
const GOVERNED_STATE = [
  ...[
    'm.room.name',
    'm.room.topic',
    'm.room.avatar',
    'm.room.canonical_alias',
    'm.room.encryption',
    'm.room.history_visibility',
  ],
  ...[
    'm.room.guest_access',
    'm.room.join_rules',
    'm.room.power_levels',
    'm.room.server_acl',
    'm.room.tombstone',
    'm.space.parent',
  ],
];

/** Power levels of a room the bot made: everybody may talk, the bot governs. */
export function powerLevels(bot: UserId, version: RoomVersion): Record<string, unknown> {
  return {
    users: hasPrivilegedCreator(version) ? {} : { [bot]: 100 },
    users_default: 0,
    events: Object.fromEntries(GOVERNED_STATE.map((type) => [type, 100])),
    events_default: 0,
    state_default: 50,
    invite: 50,
    kick: 50,
    ban: 50,
    redact: 50,
    notifications: { room: 50 },
  };
}

/**
 * The request for a new room. Nobody is invited by it: one user who cannot be invited would fail the whole. `m.federate` keeps its default, true: a
 * room can never change it, and a team may have members on another of the hospital's servers. The `trusted_private_chat` preset is never
 * used: it would make whoever is invited a creator.
 */
export function createRoomBody(
  plan: RoomPlan,
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
    topic: plan.topic,
    initial_state: SAFE_STATE.map(([type, content]) => ({ type, state_key: '', content })),
    power_level_content_override: powerLevels(bot, version),
  };
}
