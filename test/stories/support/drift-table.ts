/** What somebody with too much power can do to a room by hand, and what must become of it. */
import type { RoomId } from '../../../src/model/ids.ts';
import { PHI_CLASS_EVENT } from '../../../src/model/phi-class.ts';
import type { Staff } from '../../integration/matrix/bridge-on-synapse.ts';
import { BOT, statePath, type GovernedHospital } from './governed-hospital.ts';

/** Who does what where. */
export interface DriftCase {
  readonly hospital: GovernedHospital;
  /** As powerful as the bot. */
  readonly admin: Staff;
  readonly roomId: RoomId;
  /** Another room of the administrator's, that nobody governs. */
  readonly other: RoomId;
}

/** One kind of change. */
export interface Drift {
  readonly what: string;
  /** The rule by which it is noticed. */
  readonly rule: string;
  /** `reported`: only people can put it right. */
  readonly becomes: 'repaired' | 'reported';
  readonly in: 'conversation' | 'care-team' | 'unit';
  act(drift: DriftCase): Promise<unknown>;
  /** Undone, so that the next finds the room as it was. */
  readonly undo?: (drift: DriftCase) => Promise<unknown>;
}

const LEVELS = 'm.room.power_levels';

/** Every kind, in the order in which they are tried. */
export const DRIFTS: readonly Drift[] = [
  // Power.
  levels('a nurse is promoted', ({ users, ...rest }, { hospital: { staff } }) => ({
    ...rest,
    users: { ...users, [staff.nurse.userId]: 75 },
  })),
  levels('a stranger is promoted before being in', ({ users, ...rest }, { hospital: { staff } }) => ({
    ...rest,
    users: { ...users, [staff.stranger.userId]: 50 },
  })),
  levels('everybody is promoted', (all) => ({ ...all, users_default: 50 })),
  levels('nobody but the powerful may talk', (all) => ({ ...all, events_default: 50 })),
  levels('everybody may write state', (all) => ({ ...all, state_default: 0 })),
  levels('everybody may invite', (all) => ({ ...all, invite: 0 })),
  levels('nobody may invite but one', (all) => ({ ...all, invite: 100 })),
  levels('everybody may let others out', (all) => ({ ...all, kick: 0 })),
  levels('everybody may ban', (all) => ({ ...all, ban: 0 })),
  levels('everybody may remove messages', (all) => ({ ...all, redact: 0 })),
  levels('everybody may rename the room', ({ events, ...all }) => ({
    ...all,
    events: { ...events, 'm.room.name': 0 },
  })),
  levels('everybody may change power', ({ events, ...all }) => ({ ...all, events: { ...events, [LEVELS]: 0 } })),
  levels('the levels of what is governed are gone', (all) => ({ ...all, events: {} })),
  levels('a kind of event has a level of its own', ({ events, ...all }) => ({
    ...all,
    events: { ...events, 'm.reaction': 50 },
  })),
  levels('everybody may notify all', (all) => ({ ...all, notifications: { room: 0 } })),
  {
    ...levels('a physician loses the power of the role', ({ users, ...rest }, { hospital: { staff } }) => ({
      ...rest,
      users: { ...users, [staff.physician.userId]: 0 },
    })),
    in: 'care-team',
  },
  {
    ...levels('a second one gets as much power as the bot', ({ users, ...rest }, { hospital: { staff } }) => ({
      ...rest,
      users: { ...users, [staff.nurse.userId]: 100 },
    })),
    becomes: 'reported',
    undo: ({ hospital, roomId }) => selfDemotion(hospital.staff.nurse, roomId),
  },
  // Doors.
  state('the room is made public', 'join-rules', 'm.room.join_rules', { join_rule: 'public' }),
  state('people may knock', 'join-rules', 'm.room.join_rules', { join_rule: 'knock' }),
  state('members of some other room may join', 'join-rules', 'm.room.join_rules', ({ other }) => ({
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: other }],
  })),
  state('members of some other room may join, others knock', 'join-rules', 'm.room.join_rules', ({ other }) => ({
    join_rule: 'knock_restricted',
    allow: [{ type: 'm.room_membership', room_id: other }],
  })),
  state('a join rule that nobody knows', 'join-rules', 'm.room.join_rules', { join_rule: 'private' }),
  state('guests may join', 'guest-access', 'm.room.guest_access', { guest_access: 'can_join' }),
  state('nothing is said of guests', 'guest-access', 'm.room.guest_access', {}),
  state('everybody may read the history', 'history-visibility', 'm.room.history_visibility', {
    history_visibility: 'world_readable',
  }),
  state('new members may read the history', 'history-visibility', 'm.room.history_visibility', {
    history_visibility: 'shared',
  }),
  state('who is invited may read', 'history-visibility', 'm.room.history_visibility', {
    history_visibility: 'invited',
  }),
  state('the server ACL lets all in', 'server-acl', 'm.room.server_acl', { allow: ['*'], deny: [] }),
  state('the server ACL lets all in but one', 'server-acl', 'm.room.server_acl', { allow: ['*'], deny: ['evil.test'] }),
  state('another server is let in', 'server-acl', 'm.room.server_acl', {
    allow: ['hospital.test', 'elsewhere.test'],
    deny: [],
  }),
  state('a whole domain is let in', 'server-acl', 'm.room.server_acl', { allow: ['*.test'], deny: [] }),
  // Encryption.
  state('another algorithm', 'encryption', 'm.room.encryption', { algorithm: 'org.example.none' }),
  state('keys are kept for ever', 'encryption', 'm.room.encryption', {
    algorithm: 'm.megolm.v1.aes-sha2',
    rotation_period_msgs: 1_000_000,
  }),
  state('the encryption event is emptied', 'encryption', 'm.room.encryption', {}),
  // Words that everybody on the server can read.
  state('a number in the name', 'name', 'm.room.name', { name: 'Maria Lopez +1 212 555 0123' }),
  state('another name', 'name', 'm.room.name', { name: 'Coffee' }),
  state('no name', 'name', 'm.room.name', { name: '' }),
  state('a number that is written otherwise', 'name', 'm.room.name', { name: 'Bed （２１２） ５５５ ０１２３' }),
  state('a number in the topic', 'topic', 'm.room.topic', { topic: 'MRN 123456789' }),
  state('the topic without the class', 'topic', 'm.room.topic', { topic: 'Chat' }),
  state('no topic', 'topic', 'm.room.topic', { topic: '' }),
  state('a picture of somebody', 'avatar', 'm.room.avatar', { url: 'mxc://hospital.test/portrait' }),
  state('a number instead of a pin', 'pinned', 'm.room.pinned_events', { pinned: ['call 212 555 0123'] }),
  state('pins that are no list', 'pinned', 'm.room.pinned_events', { pinned: 'everything' }),
  {
    what: 'a name by which all can find it',
    rule: 'aliases',
    becomes: 'repaired',
    in: 'conversation',
    act: async ({ admin, roomId }) => {
      const alias = '#maria-lopez:hospital.test';
      await admin.call('PUT', `/directory/room/${encodeURIComponent(alias)}`, { room_id: roomId });
      await write(admin, roomId, 'm.room.canonical_alias', { alias });
    },
    undo: ({ admin }) => admin.call('DELETE', `/directory/room/${encodeURIComponent('#maria-lopez:hospital.test')}`),
  },
  {
    what: 'another name beside its own',
    rule: 'aliases',
    becomes: 'repaired',
    in: 'conversation',
    act: async ({ admin, roomId }) => {
      const alias = '#mr-brown:hospital.test';
      await admin.call('PUT', `/directory/room/${encodeURIComponent(alias)}`, { room_id: roomId });
      await write(admin, roomId, 'm.room.canonical_alias', { alt_aliases: [alias] });
    },
    undo: ({ admin }) => admin.call('DELETE', `/directory/room/${encodeURIComponent('#mr-brown:hospital.test')}`),
  },
  // The class.
  state('the class is lowered', 'class-event', PHI_CLASS_EVENT, { class: 'none', id: 'x' }),
  state('the class is gone', 'class-event', PHI_CLASS_EVENT, {}),
  state('the class says more than it should', 'class-event', PHI_CLASS_EVENT, { class: 'phi', id: 'x', name: 'Maria' }),
  // What lets something outside see.
  state(
    'a widget',
    'outside-services',
    'im.vector.modular.widgets',
    { type: 'm.custom', url: 'https://example.org' },
    'w1',
  ),
  state('a widget by its other name', 'outside-services', 'm.widget', { type: 'x', url: 'https://example.org' }, 'w2'),
  state('another bridge', 'outside-services', 'm.bridge', { protocol: { id: 'telegram' } }, 'org.example://x'),
  state(
    'another bridge by its other name',
    'outside-services',
    'uk.half-shot.bridge',
    { protocol: { id: 'irc' } },
    'b2',
  ),
  state('a policy server', 'outside-services', 'm.room.policy', { via: 'example.org' }),
  state(
    'somebody is invited by an address',
    'third-party-invites',
    'm.room.third_party_invite',
    {
      display_name: 'm...@example.org',
      key_validity_url: 'https://example.org',
      public_key: 'abc',
      public_keys: [],
    },
    'token1',
  ),
  // Spaces.
  state(
    'the room is put into another space',
    'spaces',
    'm.space.parent',
    { via: ['hospital.test'] },
    '!elsewhere:hospital.test',
  ),
  {
    ...state(
      'a room that is not the unit’s is put into its space',
      'spaces',
      'm.space.child',
      { via: ['hospital.test'] },
      '!x:hospital.test',
    ),
    in: 'unit',
  },
  {
    what: 'a unit’s room is taken out of its space',
    rule: 'spaces',
    becomes: 'repaired',
    in: 'unit',
    act: async ({ hospital, admin, roomId }) => {
      const [child] = [...((await hospital.policy.current()).unitRooms?.values() ?? [])].flatMap((rooms) => [...rooms]);
      await write(admin, roomId, 'm.space.child', {}, child);
    },
  },
  {
    ...state('the unit’s space is made public', 'join-rules', 'm.room.join_rules', { join_rule: 'public' }),
    in: 'unit',
  },
  // People.
  member('a stranger is invited', 'members', 'repaired', ({ admin, hospital, roomId }) =>
    move(admin, roomId, 'invite', hospital.staff.stranger),
  ),
  member('a clerk whose role has not the class is invited', 'members', 'repaired', ({ admin, hospital, roomId }) =>
    move(admin, roomId, 'invite', hospital.staff.clerk),
  ),
  {
    ...member('a physician of another team is let into a patient’s room', 'members', 'repaired', async (drift) => {
      await move(drift.admin, drift.roomId, 'invite', drift.hospital.staff.physician);
    }),
    in: 'conversation',
  },
  member('somebody of the team is let out', 'required-members', 'repaired', ({ admin, hospital, roomId }) =>
    move(admin, roomId, 'kick', hospital.staff.nurse),
  ),
  {
    ...member('somebody of the team is banned', 'required-members', 'reported', async ({ admin, hospital, roomId }) => {
      await move(admin, roomId, 'ban', hospital.staff.nurse);
    }),
    undo: ({ admin, hospital, roomId }) => move(admin, roomId, 'unban', hospital.staff.nurse),
  },
  member('the patient’s side is let out', 'required-members', 'repaired', async ({ admin, hospital, roomId }) => {
    await admin.call('POST', `${path(roomId)}/kick`, { user_id: await ghostOf(hospital, roomId) });
  }),
  member('the patient’s side is banned', 'required-members', 'repaired', async ({ admin, hospital, roomId }) => {
    await admin.call('POST', `${path(roomId)}/ban`, { user_id: await ghostOf(hospital, roomId) });
  }),
  // What only people can put right.
  {
    ...state('the room is closed, and points elsewhere', 'tombstone', 'm.room.tombstone', ({ other }) => ({
      body: 'moved',
      replacement_room: other,
    })),
    becomes: 'reported',
  },
  {
    what: 'the bot is demoted',
    rule: 'power-levels',
    becomes: 'reported',
    in: 'care-team',
    act: ({ hospital, roomId }) => hospital.overpower(roomId, BOT, 50),
    undo: async ({ admin, roomId }) => {
      const present = await admin.call('GET', statePath(roomId, LEVELS));
      await write(admin, roomId, LEVELS, { ...present, users: { ...(present['users'] as object), [BOT]: 100 } });
    },
  },
  // Last, since the bot has no power any more.
  {
    what: 'the bot is let out',
    rule: 'bot',
    becomes: 'reported',
    in: 'care-team',
    act: async ({ hospital, admin, roomId }) => {
      await hospital.overpower(roomId, BOT, 50);
      await admin.call('POST', `${path(roomId)}/kick`, { user_id: BOT });
    },
  },
];

function levels(
  what: string,
  change: (
    present: Record<string, unknown> & { users: object; events: object },
    drift: DriftCase,
  ) => Record<string, unknown>,
): Drift {
  return {
    what,
    rule: 'power-levels',
    becomes: 'repaired',
    in: 'conversation',
    act: async (drift) => {
      const present = await drift.admin.call('GET', statePath(drift.roomId, LEVELS));
      await write(drift.admin, drift.roomId, LEVELS, change(present as never, drift));
    },
  };
}

function state(
  what: string,
  rule: string,
  type: string,
  content: object | ((drift: DriftCase) => object),
  key = '',
): Drift {
  return {
    what,
    rule,
    becomes: 'repaired',
    in: 'conversation',
    act: (drift) =>
      write(drift.admin, drift.roomId, type, typeof content === 'function' ? content(drift) : content, key),
  };
}

function member(what: string, rule: string, becomes: Drift['becomes'], act: Drift['act']): Drift {
  return { what, rule, becomes, in: 'conversation', act };
}

async function write(who: Staff, roomId: RoomId, type: string, content: object, key = ''): Promise<void> {
  await who.call('PUT', statePath(roomId, type, key), content);
}

async function move(by: Staff, roomId: RoomId, how: 'invite' | 'kick' | 'ban' | 'unban', who: Staff): Promise<void> {
  await by.call('POST', `${path(roomId)}/${how}`, { user_id: who.userId });
}

/** Only they themselves can. */
async function selfDemotion(who: Staff, roomId: RoomId): Promise<void> {
  const present = await who.call('GET', statePath(roomId, LEVELS));
  await write(who, roomId, LEVELS, { ...present, users: { ...(present['users'] as object), [who.userId]: 0 } });
}

async function ghostOf(hospital: GovernedHospital, roomId: RoomId): Promise<string> {
  return (await hospital.rooms.find(roomId))?.conversation?.ghost ?? '';
}

function path(roomId: RoomId): string {
  return `/rooms/${encodeURIComponent(roomId)}`;
}
