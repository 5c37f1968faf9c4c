import type { EventId, UserId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../model/room-snapshot.ts';

/** Who made a room differ from its policy, as far as its state tells. */
export interface ChangedBy {
  readonly userId: UserId | undefined;
  readonly eventId: EventId | undefined;
}

const NOBODY: ChangedBy = { userId: undefined, eventId: undefined };

/** The state that a report of this rule is about. */
const STATE_OF_RULE: Readonly<Record<string, string>> = {
  'power-levels': 'm.room.power_levels',
  tombstone: 'm.room.tombstone',
  creation: 'm.room.create',
  aliases: 'm.room.canonical_alias',
};

/** The sender of what stands there now; of a membership whoever wrote it. */
export function whoChanged(snapshot: RoomSnapshot, change: RoomChange): ChangedBy {
  switch (change.kind) {
    case 'set-state':
      return by(snapshot.state.get(stateId(change.type, change.stateKey)));
    case 'remove-alias':
      return by(snapshot.state.get(stateId('m.room.canonical_alias')));
    case 'remove':
      return { userId: snapshot.movedBy?.get(change.userId) ?? change.userId, eventId: undefined };
    case 'invite':
    case 'unban':
      return { userId: snapshot.movedBy?.get(change.userId), eventId: undefined };
    case 'report': {
      const type = STATE_OF_RULE[change.rule];
      return type === undefined ? NOBODY : by(snapshot.state.get(stateId(type)));
    }
  }
}

/** What is put right, in a word that stays the same each time: the thing a war is about. */
export function subjectOf(change: RoomChange): string {
  switch (change.kind) {
    case 'set-state':
      return `${change.rule} ${change.type} ${change.stateKey}`;
    case 'remove-alias':
      return `${change.rule} ${change.alias}`;
    case 'invite':
    case 'remove':
    case 'unban':
      return `${change.rule} ${change.kind} ${change.userId}`;
    case 'report':
      return change.rule;
  }
}

function by(entry: StateEntry | undefined): ChangedBy {
  return entry === undefined ? NOBODY : { userId: entry.sender, eventId: entry.eventId };
}
