/** Everything that somebody can do to a governed room by hand, and what becomes of it: put right, or told to people (A3-A6, E1, E4). */
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { PHI_CLASS_EVENT } from '../../../src/model/phi-class.ts';
import type { RoomSnapshot } from '../../../src/model/room-snapshot.ts';
import {
  ADMIN,
  BOT,
  GHOST,
  ICU_SPACE,
  NURSE,
  OTHER_GHOST,
  OUTSIDER,
  PHYSICIAN,
  ROOM,
  STRANGER,
  THERAPIST,
  withMembers,
  withoutState,
  withPower,
  withState,
} from '../../support/care-room.ts';

/** One kind of drift. */
export interface Drift {
  readonly what: string;
  readonly by: (room: RoomSnapshot) => RoomSnapshot;
  readonly becomes: 'repaired' | 'reported';
  readonly rule: string;
  /** A patient’s room of class phi where nothing is said. */
  readonly in?: Partial<GovernedRoom>;
  /** 11 where nothing is said. */
  readonly version?: string;
}

const CARE_TEAM: Partial<GovernedRoom> = { kind: 'care-team' };
const COMMAND: Partial<GovernedRoom> = { kind: 'command', conversation: undefined, unit: undefined, name: 'Commands' };
const SPACE: Partial<GovernedRoom> = { kind: 'unit', phiClass: 'none', name: 'Intensive care' };
const NOTHING: Partial<GovernedRoom> = { kind: 'care-team', phiClass: 'none' };
const UNNAMED: Partial<GovernedRoom> = { ...CARE_TEAM, name: undefined };
const state =
  (type: string, content: unknown, rest: { stateKey?: string; sender?: UserId } = {}) =>
  (room: RoomSnapshot) =>
    withState(room, type, content, rest);
const power =
  (change: Parameters<typeof withPower>[1]) =>
  (room: RoomSnapshot): RoomSnapshot =>
    withPower(room, change);
const users = (more: Record<string, unknown>) =>
  power((levels) => ({ ...levels, users: { ...levels.users, ...more } }));
const levels = (more: Record<string, unknown>) => power((present) => ({ ...present, ...more }));
const events = (more: Record<string, unknown>) =>
  power((present) => ({ ...present, events: { ...(present['events'] as object), ...more } }));
const members = (who: Record<UserId, string>) => (room: RoomSnapshot) => withMembers(room, who);
const without = (type: string) => (room: RoomSnapshot) => withoutState(room, type);

const POWER: readonly Drift[] = [
  { what: 'a nurse made moderator', by: users({ [NURSE]: 50 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'a nurse made administrator (99)', by: users({ [NURSE]: 99 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'a nurse made equal to the bot', by: users({ [NURSE]: 100 }), becomes: 'reported', rule: 'power-levels' },
  {
    what: 'a nurse made administrator in version 12',
    by: users({ [NURSE]: 100 }),
    version: '12',
    becomes: 'repaired',
    rule: 'power-levels',
  },
  {
    what: 'a nurse given more than anybody in version 12',
    by: users({ [NURSE]: 9_007_199_254_740_990 }),
    version: '12',
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'a nurse silenced', by: users({ [NURSE]: -1 }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'a physician demoted',
    by: (room) => users({})(withMembers(room, { [PHYSICIAN]: 'join' })),
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'somebody promoted who is not in', by: users({ [STRANGER]: 50 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'the ghost promoted', by: users({ [GHOST]: 50 }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'power as text (version 9)',
    by: users({ [NURSE]: '50' }),
    version: '9',
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'power that is null', by: users({ [NURSE]: null }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'somebody listed who is no user',
    by: users({ '555-0100-1234': 10 }),
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'the bot demoted', by: users({ [BOT]: 50 }), becomes: 'reported', rule: 'power-levels' },
  { what: 'the bot forgotten', by: power(({ users: _, ...rest }) => rest), becomes: 'reported', rule: 'power-levels' },
  {
    what: 'all users as a list (version 12)',
    by: levels({ users: [] }),
    version: '12',
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'everybody may do everything', by: levels({ users_default: 50 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'nobody may talk', by: levels({ events_default: 50 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'anybody may write state', by: levels({ state_default: 0 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'anybody may invite', by: levels({ invite: 0 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'anybody may remove people', by: levels({ kick: 0 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'anybody may ban', by: levels({ ban: 0 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'anybody may remove messages', by: levels({ redact: 0 }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'anybody may alert all',
    by: levels({ notifications: { room: 0 } }),
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'a level that only creators reach', by: levels({ ban: 150 }), becomes: 'reported', rule: 'power-levels' },
  {
    what: 'power levels that nobody can change',
    by: events({ 'm.room.power_levels': 150 }),
    becomes: 'reported',
    rule: 'power-levels',
  },
  { what: 'anybody may rename', by: events({ 'm.room.name': 0 }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'anybody may close the room',
    by: events({ 'm.room.tombstone': 0 }),
    becomes: 'repaired',
    rule: 'power-levels',
  },
  { what: 'messages silenced', by: events({ 'm.room.encrypted': 100 }), becomes: 'repaired', rule: 'power-levels' },
  { what: 'levels of events lost', by: levels({ events: null }), becomes: 'repaired', rule: 'power-levels' },
  {
    what: 'no power levels at all (version 12)',
    by: without('m.room.power_levels'),
    version: '12',
    becomes: 'repaired',
    rule: 'power-levels',
  },
];

const DOORS: readonly Drift[] = [
  { what: 'public', by: state('m.room.join_rules', { join_rule: 'public' }), becomes: 'repaired', rule: 'join-rules' },
  {
    what: 'open for knocking',
    by: state('m.room.join_rules', { join_rule: 'knock' }),
    becomes: 'repaired',
    rule: 'join-rules',
  },
  {
    what: 'a join rule that is a number',
    by: state('m.room.join_rules', { join_rule: 1 }),
    becomes: 'repaired',
    rule: 'join-rules',
  },
  { what: 'no join rule', by: without('m.room.join_rules'), becomes: 'repaired', rule: 'join-rules' },
  {
    what: 'open to another space',
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'join-rules',
    by: state('m.room.join_rules', {
      join_rule: 'restricted',
      allow: [
        { type: 'm.room_membership', room_id: ICU_SPACE },
        { type: 'm.room_membership', room_id: '!other:hospital.test' },
      ],
    }),
  },
  {
    what: 'a patient’s room open to a space',
    becomes: 'repaired',
    rule: 'join-rules',
    by: state('m.room.join_rules', {
      join_rule: 'restricted',
      allow: [{ type: 'm.room_membership', room_id: ICU_SPACE }],
    }),
  },
  {
    what: 'closed to the unit',
    by: state('m.room.join_rules', { join_rule: 'invite' }),
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'join-rules',
  },
  {
    what: 'the command room public',
    by: state('m.room.join_rules', { join_rule: 'public' }),
    in: COMMAND,
    becomes: 'repaired',
    rule: 'join-rules',
  },
  {
    what: 'history for everybody',
    by: state('m.room.history_visibility', { history_visibility: 'world_readable' }),
    becomes: 'repaired',
    rule: 'history-visibility',
  },
  {
    what: 'history for newcomers',
    by: state('m.room.history_visibility', { history_visibility: 'shared' }),
    becomes: 'repaired',
    rule: 'history-visibility',
  },
  {
    what: 'no word on history',
    by: without('m.room.history_visibility'),
    becomes: 'repaired',
    rule: 'history-visibility',
  },
  {
    what: 'history of a wrong type',
    by: state('m.room.history_visibility', { history_visibility: ['joined'] }),
    becomes: 'repaired',
    rule: 'history-visibility',
  },
  {
    what: 'guests let in',
    by: state('m.room.guest_access', { guest_access: 'can_join' }),
    becomes: 'repaired',
    rule: 'guest-access',
  },
  { what: 'no word on guests', by: without('m.room.guest_access'), becomes: 'repaired', rule: 'guest-access' },
  { what: 'encryption missing', by: without('m.room.encryption'), becomes: 'repaired', rule: 'encryption' },
  {
    what: 'another algorithm',
    by: state('m.room.encryption', { algorithm: 'm.none' }),
    becomes: 'repaired',
    rule: 'encryption',
  },
  { what: 'encryption emptied', by: state('m.room.encryption', {}), becomes: 'repaired', rule: 'encryption' },
  {
    what: 'keys that last for ever',
    by: state('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2', rotation_period_msgs: 1e9 }),
    becomes: 'repaired',
    rule: 'encryption',
  },
  { what: 'no server ACL', by: without('m.room.server_acl'), becomes: 'repaired', rule: 'server-acl' },
  {
    what: 'all servers let in',
    by: state('m.room.server_acl', { allow: ['*'], deny: [] }),
    becomes: 'repaired',
    rule: 'server-acl',
  },
  {
    what: 'a second server let in',
    by: state('m.room.server_acl', { allow: ['hospital.test', 'elsewhere.test'] }),
    becomes: 'repaired',
    rule: 'server-acl',
  },
  {
    what: 'our own server shut out',
    by: state('m.room.server_acl', { allow: ['hospital.test'], deny: ['*.test'] }),
    becomes: 'repaired',
    rule: 'server-acl',
  },
  {
    what: 'a server ACL of wrong types',
    by: state('m.room.server_acl', { allow: 'hospital.test', deny: 7 }),
    becomes: 'repaired',
    rule: 'server-acl',
  },
  {
    what: 'our own server shut out of an open room',
    by: state('m.room.server_acl', { allow: ['elsewhere.test'] }),
    in: NOTHING,
    becomes: 'repaired',
    rule: 'server-acl',
  },
];

const WORDS: readonly Drift[] = [
  { what: 'class removed', by: without(PHI_CLASS_EVENT), becomes: 'repaired', rule: 'class-event' },
  {
    what: 'class lowered',
    by: state(PHI_CLASS_EVENT, { class: 'none', id: 'abcdefgh' }),
    becomes: 'repaired',
    rule: 'class-event',
  },
  {
    what: 'more than class and id',
    by: state(PHI_CLASS_EVENT, { class: 'phi', id: 'abcdefgh', patient: 'x' }),
    becomes: 'repaired',
    rule: 'class-event',
  },
  { what: 'renamed', by: state('m.room.name', { name: 'Mrs Example' }), becomes: 'repaired', rule: 'name' },
  { what: 'name removed', by: without('m.room.name'), becomes: 'repaired', rule: 'name' },
  {
    what: 'name of a wrong type',
    by: state('m.room.name', { name: { nested: [null] } }),
    becomes: 'repaired',
    rule: 'name',
  },
  {
    what: 'a number in a free name',
    by: state('m.room.name', { name: 'Call (212) 555-0100' }),
    in: UNNAMED,
    becomes: 'repaired',
    rule: 'name',
  },
  {
    what: 'a number in full-width digits',
    by: state('m.room.name', { name: '２１２５５５０１００' }),
    in: UNNAMED,
    becomes: 'repaired',
    rule: 'name',
  },
  {
    what: 'a number beside the name',
    by: state('m.room.name', { name: 'Ward', mrn: '00123456' }),
    in: UNNAMED,
    becomes: 'repaired',
    rule: 'name',
  },
  {
    what: 'a number in the topic',
    by: state('m.room.topic', { topic: 'Patient data (PHI). +12125550100' }),
    becomes: 'repaired',
    rule: 'topic',
  },
  {
    what: 'a number in the topic’s rich form',
    by: state('m.room.topic', { topic: 'Patient data (PHI). x', 'm.topic': { 'm.text': [{ body: '212 555 0100' }] } }),
    becomes: 'repaired',
    rule: 'topic',
  },
  { what: 'marker removed', by: state('m.room.topic', { topic: 'Just a room' }), becomes: 'repaired', rule: 'topic' },
  {
    what: 'marker of another class',
    by: state('m.room.topic', { topic: 'No patient data. Text' }),
    becomes: 'repaired',
    rule: 'topic',
  },
  {
    what: 'a picture in a patient’s room',
    by: state('m.room.avatar', { url: 'mxc://hospital.test/abcdef' }),
    becomes: 'repaired',
    rule: 'avatar',
  },
  {
    what: 'a number as a picture',
    by: state('m.room.avatar', { url: 'tel:+12125550100' }),
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'avatar',
  },
  {
    what: 'a number among the pins',
    by: state('m.room.pinned_events', { pinned: ['$abc', '+1 212 555 0100'] }),
    becomes: 'repaired',
    rule: 'pinned',
  },
  {
    what: 'pins of a wrong type',
    by: state('m.room.pinned_events', { pinned: 'x' }),
    becomes: 'repaired',
    rule: 'pinned',
  },
  {
    what: 'a public alias',
    by: state('m.room.canonical_alias', { alias: '#mrs-example:hospital.test' }),
    becomes: 'repaired',
    rule: 'aliases',
  },
  {
    what: 'one more alias',
    by: state('m.room.canonical_alias', { alias: '#carebridge_key:hospital.test', alt_aliases: ['#x:hospital.test'] }),
    becomes: 'repaired',
    rule: 'aliases',
  },
  {
    what: 'an alias with a number where names are free',
    by: state('m.room.canonical_alias', { alias: '#2125550100:hospital.test' }),
    in: NOTHING,
    becomes: 'repaired',
    rule: 'aliases',
  },
  {
    what: 'an alias in the list of an old room version',
    by: state('m.room.aliases', { aliases: ['#mrs-example:hospital.test'] }, { stateKey: 'hospital.test' }),
    becomes: 'repaired',
    rule: 'aliases',
  },
  {
    what: 'an alias that is no text',
    by: state('m.room.canonical_alias', { alias: { number: '+12125550100' }, alt_aliases: 7 }),
    becomes: 'repaired',
    rule: 'aliases',
  },
  {
    what: 'an alias of another server',
    by: state('m.room.aliases', { aliases: ['#x:elsewhere.test'] }, { stateKey: 'elsewhere.test' }),
    becomes: 'reported',
    rule: 'aliases',
  },
];

const COMPANY: readonly Drift[] = [
  { what: 'a stranger joined', by: members({ [STRANGER]: 'join' }), becomes: 'repaired', rule: 'members' },
  { what: 'a stranger invited', by: members({ [STRANGER]: 'invite' }), becomes: 'repaired', rule: 'members' },
  { what: 'a stranger knocking', by: members({ [STRANGER]: 'knock' }), becomes: 'repaired', rule: 'members' },
  {
    what: 'an allowed person knocking',
    by: members({ [PHYSICIAN]: 'knock' }),
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'members',
  },
  { what: 'somebody of another server', by: members({ [OUTSIDER]: 'join' }), becomes: 'repaired', rule: 'members' },
  {
    what: 'staff of a unit in another line’s room',
    by: members({ [PHYSICIAN]: 'join' }),
    becomes: 'repaired',
    rule: 'members',
  },
  {
    what: 'a nurse in a sensitive room',
    by: members({ [NURSE]: 'join' }),
    in: { phiClass: 'sensitive' },
    becomes: 'repaired',
    rule: 'members',
  },
  {
    what: 'a ghost of another conversation',
    by: members({ [OTHER_GHOST]: 'join' }),
    becomes: 'repaired',
    rule: 'members',
  },
  {
    what: 'a therapist without commands in the command room',
    by: members({ [THERAPIST]: 'join' }),
    in: COMMAND,
    becomes: 'repaired',
    rule: 'members',
  },
  {
    what: 'a stranger with the bot’s power',
    by: (room) => users({ [STRANGER]: 100 })(withMembers(room, { [STRANGER]: 'join' })),
    becomes: 'reported',
    rule: 'members',
  },
  { what: 'a nurse put out', by: members({ [NURSE]: 'leave' }), becomes: 'repaired', rule: 'required-members' },
  { what: 'a nurse banned', by: members({ [NURSE]: 'ban' }), becomes: 'reported', rule: 'required-members' },
  { what: 'the ghost put out', by: members({ [GHOST]: 'leave' }), becomes: 'repaired', rule: 'required-members' },
  { what: 'the ghost banned', by: members({ [GHOST]: 'ban' }), becomes: 'repaired', rule: 'required-members' },
  {
    what: 'an administrator put out of the command room',
    by: members({ [ADMIN]: 'leave' }),
    in: COMMAND,
    becomes: 'repaired',
    rule: 'required-members',
  },
  { what: 'the bot put out', by: members({ [BOT]: 'leave' }), becomes: 'reported', rule: 'bot' },
  {
    what: 'an invitation by e-mail',
    by: state('m.room.third_party_invite', { display_name: 'a...@b...' }, { stateKey: 'token' }),
    becomes: 'repaired',
    rule: 'third-party-invites',
  },
  {
    what: 'a widget',
    by: state('im.vector.modular.widgets', { url: 'https://x.test' }, { stateKey: 'w' }),
    becomes: 'repaired',
    rule: 'outside-services',
  },
  {
    what: 'a widget, by its newer name',
    by: state('m.widget', { url: 'https://x.test' }, { stateKey: 'w' }),
    becomes: 'repaired',
    rule: 'outside-services',
  },
  {
    what: 'a widget that only its maker can remove',
    by: state('m.widget', { url: 'https://x.test' }, { stateKey: NURSE }),
    becomes: 'reported',
    rule: 'outside-services',
  },
  {
    what: 'a bridge',
    by: state('m.bridge', { bridgebot: STRANGER }, { stateKey: 'irc' }),
    becomes: 'repaired',
    rule: 'outside-services',
  },
  {
    what: 'a policy server',
    by: state('m.room.policy', { via: 'elsewhere.test' }),
    becomes: 'repaired',
    rule: 'outside-services',
  },
  {
    what: 'closed by a stranger',
    by: state('m.room.tombstone', { replacement_room: '!x:hospital.test' }),
    becomes: 'reported',
    rule: 'tombstone',
  },
  {
    what: 'put into a foreign space',
    by: state('m.space.parent', { via: ['hospital.test'] }, { stateKey: '!x:hospital.test' }),
    becomes: 'repaired',
    rule: 'spaces',
  },
  {
    what: 'taken out of its unit',
    by: state('m.space.parent', {}, { stateKey: ICU_SPACE }),
    in: CARE_TEAM,
    becomes: 'repaired',
    rule: 'spaces',
  },
  {
    what: 'a room taken out of the space',
    by: state('m.space.child', {}, { stateKey: ROOM }),
    in: SPACE,
    becomes: 'repaired',
    rule: 'spaces',
  },
  {
    what: 'a foreign room in the space',
    by: state('m.space.child', { via: ['x.test'] }, { stateKey: '!x:x.test' }),
    in: SPACE,
    becomes: 'repaired',
    rule: 'spaces',
  },
  {
    what: 'the space within itself',
    by: state('m.space.parent', { via: ['hospital.test'] }, { stateKey: ROOM }),
    in: SPACE,
    becomes: 'repaired',
    rule: 'spaces',
  },
  {
    what: 'a version that nobody knows',
    by: (room) => ({ ...room, version: 'org.example.99' }),
    becomes: 'reported',
    rule: 'room-version',
  },
  { what: 'an old version', by: (room) => ({ ...room, version: '6' }), becomes: 'reported', rule: 'creation' },
  {
    what: 'made for all servers',
    by: state('m.room.create', { room_version: '11' }, { sender: BOT }),
    becomes: 'reported',
    rule: 'creation',
  },
  {
    what: 'a unit that is no space',
    by: state('m.room.create', { 'm.federate': false }, { sender: BOT }),
    in: SPACE,
    becomes: 'reported',
    rule: 'creation',
  },
  {
    what: 'made by somebody else (version 12)',
    by: (room) => ({ ...room, creators: new Set([BOT, ADMIN]) }),
    version: '12',
    becomes: 'reported',
    rule: 'creation',
  },
  {
    what: 'state that could not be taken in',
    by: (room) => ({ ...room, faults: ['there are too many members.'] }),
    becomes: 'reported',
    rule: 'snapshot',
  },
];

/** By what is changed. */
export const DRIFTS = { power: POWER, doors: DOORS, words: WORDS, company: COMPANY };
