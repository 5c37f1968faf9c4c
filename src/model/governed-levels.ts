/** What the power levels of governed rooms have in common (Matrix specification, m.room.power_levels). */

/** State that says what a room is: only the bot writes it. */
export const GOVERNED_STATE = [
  ...['m.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.canonical_alias', 'm.room.encryption'],
  ...['m.room.history_visibility', 'm.room.guest_access', 'm.room.join_rules', 'm.room.power_levels'],
  ...['m.room.server_acl', 'm.room.tombstone', 'm.space.parent'],
] as const;

/** Everybody may talk, and state is for who has power. Apart from `users` and `events`. */
export const USUAL_LEVELS = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  invite: 50,
  kick: 50,
  ban: 50,
  redact: 50,
} as const;
