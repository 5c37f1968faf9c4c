/** A small hospital's policy and a room that is as the policy wants it, to change one thing at a time; and what applying changes does to it. */
import { BUILT_IN_CLASSES } from '../../src/model/built-in-classes.ts';
import { ADMINISTRATOR, BUILT_IN_ROLES, LINE_TEAM } from '../../src/model/built-in-roles.ts';
import type { CarePolicy } from '../../src/model/care-policy.ts';
import type { GovernedRoom } from '../../src/model/governed-room.ts';
import type { ConversationId, EventId, LineId, RoomId, UserId } from '../../src/model/ids.ts';
import type { PhiClass } from '../../src/model/phi-class.ts';
import type { Role, RoleId, UnitId } from '../../src/model/role.ts';
import type { RoomChange } from '../../src/model/room-change.ts';
import { hasPrivilegedCreators } from '../../src/model/room-power.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../../src/model/room-snapshot.ts';
import { governedRoomPlan } from '../../src/policy/governed-room-plan.ts';

export const BOT = '@carebridge:hospital.test' as UserId;
export const ADMIN = '@admin:hospital.test' as UserId;
/** In the team of the line. */
export const NURSE = '@nurse:hospital.test' as UserId;
/** Power 50, PHI, intensive care. */
export const PHYSICIAN = '@physician:hospital.test' as UserId;
/** Every class, intensive care. */
export const THERAPIST = '@therapist:hospital.test' as UserId;
/** No role at all. */
export const STRANGER = '@stranger:hospital.test' as UserId;
/** Of another server. */
export const OUTSIDER = '@outsider:elsewhere.test' as UserId;
export const GHOST = '@carebridge_aaaa:hospital.test' as UserId;
export const OTHER_GHOST = '@carebridge_bbbb:hospital.test' as UserId;
export const LINE = 'front-desk' as LineId;
export const ICU = 'icu' as UnitId;
export const ICU_SPACE = '!icu-space:hospital.test' as RoomId;
export const ROOM = '!room:hospital.test' as RoomId;

function role(id: string, rest: Partial<Role>): Role {
  return {
    id: id as RoleId,
    name: id,
    power: 0,
    permissions: new Set(),
    classes: new Set(),
    units: new Set([ICU]),
    commands: 'all',
    idleLogoffMs: undefined,
    ...rest,
  };
}

const PHYSICIANS = role('physician', { power: 50, classes: new Set<PhiClass>(['none', 'phi']) });
const THERAPISTS = role('therapist', { power: 0, classes: new Set<PhiClass>(['none', 'phi', 'sensitive']) });

/** The policy. */
export function hospitalPolicy(more: Partial<CarePolicy> = {}): CarePolicy {
  const built = (id: RoleId): Role => BUILT_IN_ROLES.get(id)!;
  return {
    namespace: { bot: BOT, ghostPrefix: 'carebridge_', domain: 'hospital.test' },
    roles: new Map([...BUILT_IN_ROLES, [PHYSICIANS.id, PHYSICIANS], [THERAPISTS.id, THERAPISTS]]),
    units: new Map([[ICU, { id: ICU, name: 'Intensive care' }]]),
    classes: BUILT_IN_CLASSES,
    assigned: new Map([
      [ADMIN, [built(ADMINISTRATOR)]],
      [NURSE, [built(LINE_TEAM)]],
      [PHYSICIAN, [PHYSICIANS]],
      [THERAPIST, [THERAPISTS]],
    ]),
    teams: new Map([[LINE, new Set([NURSE])]]),
    gone: new Set(),
    absent: new Set(),
    emergencies: new Map(),
    unitSpaces: new Map([[ICU, ICU_SPACE]]),
    unitRooms: new Map([[ICU, new Set([ROOM])]]),
    ...more,
  };
}

/** A patient’s room, or `more`. */
export function careRoom(more: Partial<GovernedRoom> = {}): GovernedRoom {
  const isConversation = more.kind === undefined || more.kind === 'conversation';
  return {
    roomId: ROOM,
    kind: 'conversation',
    phiClass: 'phi',
    opaqueId: 'abcdefgh',
    origin: 'made',
    since: 0,
    unit: isConversation ? undefined : ICU,
    conversation: isConversation ? { id: 'c1' as ConversationId, lineId: LINE, ghost: GHOST } : undefined,
    name: isConversation ? 'Patient ABCD (front-desk)' : 'Ward round',
    ...more,
  };
}

/** The room just made by the plan, in which everybody invited is in. */
export function freshRoom(policy: CarePolicy, room: GovernedRoom, version = '11'): RoomSnapshot {
  const plan = governedRoomPlan(policy, room, version, 'key');
  const create = { room_version: version, 'm.federate': plan.federate, ...(plan.isSpace && { type: 'm.space' }) };
  const state: [string, string, object][] = [
    ['m.room.create', '', create],
    ['m.room.name', '', { name: plan.name }],
    ['m.room.topic', '', { topic: plan.topic }],
    ['m.room.canonical_alias', '', { alias: '#carebridge_key:hospital.test' }],
    ...plan.initialState.map(({ type, stateKey, content }): [string, string, object] => [type, stateKey, content]),
  ];
  const ghosts = room.conversation === undefined ? [] : [room.conversation.ghost];
  return {
    roomId: room.roomId,
    version,
    creators: new Set(hasPrivilegedCreators(version) ? [BOT] : []),
    state: new Map(state.map(([type, key, content]) => [stateId(type, key), entry(type, key, content, BOT)])),
    members: new Map([BOT, ...ghosts, ...plan.invite].map((user) => [user, 'join'])),
    faults: [],
  };
}

/** One state event. */
function entry(type: string, stateKey: string, content: unknown, sender: UserId = ADMIN): StateEntry {
  return { type, stateKey, content: content as StateEntry['content'], sender, eventId: '$event' as EventId };
}

/** The room with a state event written by hand. */
export function withState(
  room: RoomSnapshot,
  type: string,
  content: unknown,
  { stateKey = '', sender = ADMIN }: { stateKey?: string; sender?: UserId } = {},
): RoomSnapshot {
  return {
    ...room,
    state: new Map([...room.state, [stateId(type, stateKey), entry(type, stateKey, content, sender)]]),
  };
}

/** The room without a state event. */
export function withoutState(room: RoomSnapshot, type: string, stateKey = ''): RoomSnapshot {
  return { ...room, state: new Map([...room.state].filter(([key]) => key !== stateId(type, stateKey))) };
}

/** The room with the memberships changed by hand. */
export function withMembers(room: RoomSnapshot, members: Readonly<Record<UserId, string>>): RoomSnapshot {
  return { ...room, members: new Map([...room.members, ...(Object.entries(members) as [UserId, string][])]) };
}

/** The room with its power levels changed by hand. */
export function withPower(
  room: RoomSnapshot,
  change: (levels: Record<string, unknown> & { users: Record<string, unknown> }) => Record<string, unknown>,
): RoomSnapshot {
  const levels = structuredClone(room.state.get(stateId('m.room.power_levels'))?.content ?? {});
  return withState(room, 'm.room.power_levels', change(levels as never));
}

/** What the homeserver makes of the changes. */
export function apply(room: RoomSnapshot, changes: readonly RoomChange[]): RoomSnapshot {
  return changes.reduce((present: RoomSnapshot, change): RoomSnapshot => {
    switch (change.kind) {
      case 'set-state':
        return withState(present, change.type, change.after, { stateKey: change.stateKey, sender: BOT });
      case 'invite':
        return withMembers(present, { [change.userId]: 'invite' });
      case 'remove':
      case 'unban':
        return withMembers(present, { [change.userId]: 'leave' });
      case 'remove-alias':
      case 'report':
        return present;
    }
  }, room);
}
