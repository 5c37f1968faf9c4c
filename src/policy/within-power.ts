import type { UserId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { levelOf, powerOf, powerToWrite } from './power-of.ts';

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
      return powerToWrite(snapshot, change.type);
    case 'invite':
      return levelOf(snapshot, 'invite');
    case 'remove':
      // Only who has less power can be let out.
      return Math.max(levelOf(snapshot, 'kick'), above(powerOf(snapshot, change.userId)));
    case 'unban':
      return Math.max(levelOf(snapshot, 'ban'), levelOf(snapshot, 'kick'));
    case 'remove-alias':
    case 'report':
      return -Infinity;
  }
}

/** No power is above a creator's: nothing compares to NaN. */
function above(power: number): number {
  return power === Infinity ? NaN : power + 1;
}

function inShort(change: RoomChange): string {
  return change.kind === 'remove' ? `${change.userId} may not be in the room.` : change.why;
}
