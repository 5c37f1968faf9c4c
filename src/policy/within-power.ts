import type { EventId, UserId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import { stateId, type RoomSnapshot, type StateEntry } from '../model/room-snapshot.ts';
import { powerOf, powerToAct, powerToWrite } from '../model/room-power.ts';

/**
 * Changes that the bot has not the power for become reports: asking the homeserver would only be refused. The power levels come first, so that the
 * others are judged by those which are then in force.
 */
export function withinPower(snapshot: RoomSnapshot, bot: UserId, changes: readonly RoomChange[]): RoomChange[] {
  let room = snapshot;
  return changes.map((change): RoomChange => {
    if (!isAnothers(bot, change) && powerOf(room, bot) >= powerNeeded(room, change)) {
      room = withNewLevels(room, change, bot);
      return change;
    }
    return {
      kind: 'report',
      rule: change.rule,
      why: `${inShort(change)} The bot does not have enough power to fix it.`,
    };
  });
}

/** State under a user's id is that user's alone, whatever power others have (Matrix specification, authorization rules). */
function isAnothers(bot: UserId, change: RoomChange): boolean {
  return change.kind === 'set-state' && change.stateKey.startsWith('@') && change.stateKey !== bot;
}

function withNewLevels(room: RoomSnapshot, change: RoomChange, sender: UserId): RoomSnapshot {
  if (change.kind !== 'set-state' || change.type !== 'm.room.power_levels') return room;
  const { type, stateKey, after: content } = change;
  const levels: StateEntry = { type, stateKey, content, sender, eventId: '$' as EventId };
  return { ...room, state: new Map([...room.state, [stateId(type), levels]]) };
}

function powerNeeded(snapshot: RoomSnapshot, change: RoomChange): number {
  switch (change.kind) {
    case 'set-state':
      // Invitations by address are written by whoever may invite.
      if (change.type === 'm.room.third_party_invite') return powerToAct(snapshot, 'invite');
      return powerToWrite(snapshot, change.type);
    case 'invite':
      return powerToAct(snapshot, 'invite');
    case 'remove':
      // Only who has less power can be let out.
      return Math.max(powerToAct(snapshot, 'kick'), powerOf(snapshot, change.userId) + 1);
    case 'unban':
      return Math.max(powerToAct(snapshot, 'ban'), powerToAct(snapshot, 'kick'));
    case 'remove-alias':
    case 'report':
      return -Infinity;
  }
}

function inShort(change: RoomChange): string {
  return change.kind === 'remove' ? `${change.userId} may not be in the room.` : change.why;
}
