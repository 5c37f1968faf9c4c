import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { GovernedRoomPlan } from '../model/governed-room-plan.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../model/room-snapshot.ts';
import { hasPrivilegedCreators } from '../model/room-power.ts';
import { marked } from './marker.ts';
import { mustBeIn } from './must-be-in.ts';
import { ROOM_RULES } from './rules/index.ts';
import { rulesOfRoom } from './rules-of-room.ts';

/** What people read below the name, after the class's marker. */
const TOPICS: Readonly<Record<RoomKind, string>> = {
  conversation: 'Text conversation, bridged by SMS',
  'care-team': 'Care team',
  command: 'Type commands for the bridge here',
  security: 'What security and privacy officers must know',
  unit: 'Rooms of this unit',
};

/** Written by `createRoom` from fields of its own. */
const NAMED = new Set(['m.room.name', 'm.room.topic']);

/**
 * How to make a room so that it is right from its first event: the state is what the rules themselves ask of an empty room of the bot's, so that
 * `reconcile` finds nothing to do in it. `version` is the room version. `also` are people who are asked in beside those who must be in. `invite`
 * holds people only: a patient's ghost joins by itself.
 */
export function governedRoomPlan(
  policy: CarePolicy,
  room: Omit<GovernedRoom, 'roomId' | 'since'>,
  version: string,
  key: string,
  also: readonly UserId[] = [],
): GovernedRoomPlan {
  const rules = rulesOfRoom(policy, room);
  const federate = rules.federation !== 'own-server';
  const isSpace = room.kind === 'unit';
  const invite = [...new Set([...mustBeIn(policy, room), ...also])];
  const snapshot = emptyRoom(policy, version, { federate, isSpace }, [
    ...invite,
    ...(room.conversation === undefined ? [] : [room.conversation.ghost]),
  ]);
  const state = ROOM_RULES.flatMap((rule) => rule({ policy, room, rules, snapshot })).flatMap((change) =>
    change.kind === 'set-state' ? [change] : [],
  );
  const name = state.find(({ type }) => type === 'm.room.name')?.after['name'];
  return {
    key,
    name: typeof name === 'string' ? name : marked(policy, rules, 'name', room.name ?? ''),
    topic: marked(policy, rules, 'topic', TOPICS[room.kind]),
    isSpace,
    federate,
    initialState: state
      .filter(({ type }) => !NAMED.has(type))
      .map(({ type, stateKey, after }) => ({ type, stateKey, content: after })),
    invite,
    ...(room.conversation !== undefined && { ghost: room.conversation.ghost }),
  };
}

/** A room that the bot has just made, with everybody in it that will be. */
function emptyRoom(
  { namespace: { bot } }: CarePolicy,
  version: string,
  { federate, isSpace }: { federate: boolean; isSpace: boolean },
  invited: readonly UserId[],
): RoomSnapshot {
  const create: StateEntry = {
    type: 'm.room.create',
    stateKey: '',
    content: { room_version: version, 'm.federate': federate, ...(isSpace && { type: 'm.space' }) },
    sender: bot,
    eventId: '$create' as EventId,
  };
  return {
    roomId: '!new' as RoomId,
    version,
    creators: new Set(hasPrivilegedCreators(version) ? [bot] : []),
    state: new Map([[stateId('m.room.create'), create]]),
    members: new Map([...invited.map((user): [UserId, string] => [user, 'invite']), [bot, 'join']]),
    faults: [],
  };
}
