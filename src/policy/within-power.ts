import type { UserId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { powerOf, powerToAct, powerToWrite } from '../model/room-power.ts';

/** Changes that the bot has not the power for become reports: asking the homeserver would only be refused. */
export function withinPower(snapshot: RoomSnapshot, bot: UserId, changes: readonly RoomChange[]): RoomChange[] {
  const power = powerOf(snapshot, bot);
  return changes.map((change) => {
    if (power >= powerNeeded(snapshot, change)) return change;
    return { kind: 'report', rule: change.rule, why: `${inShort(change)} The bot has not the power to put it right.` };
  });
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
