import type { RoomChange } from '../model/room-change.ts';
import type { Repair } from './look-at-room.ts';

/** What is wrong, for people who are told that it is not put right. */
export function inWords(change: RoomChange): string {
  return change.kind === 'remove' ? `${change.userId} may not be in the room: ${change.why}` : change.why;
}

/** What the room is told of a repair; undefined where nobody would wonder. */
export function lineOf({ change, changedBy }: Repair): string | undefined {
  const by = changedBy === undefined ? '' : ` (${changedBy})`;
  if (change.kind === 'remove')
    return `${change.userId} was removed: ${change.why}${changedBy === change.userId ? '' : by}`;
  return changedBy === undefined ? undefined : `${change.why}${by}`;
}
