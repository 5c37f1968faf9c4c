import { PermanentError } from '../errors.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { UserId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import { powerOf } from '../model/room-power.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { reconcile } from '../policy/reconcile.ts';
import { whoChanged, type ChangedBy } from '../policy/who-changed.ts';
import type { RoomReport } from './room-reports.ts';

/** A change that is to be made, and who made it necessary. */
export interface Repair {
  readonly change: RoomChange;
  readonly by: ChangedBy;
  /** ... where that is not the bot: what it wrote itself is no drift. */
  readonly changedBy: UserId | undefined;
}

/** How a room differs from its policy. */
export interface SeenRoom {
  readonly repairs: readonly Repair[];
  /** What the bot cannot put right. */
  readonly reports: readonly RoomReport[];
  readonly isEncrypted: boolean;
  /** What the bot's power rests on: when it is another, what was refused is tried again. */
  readonly power: string;
}

/** Compares the room as `fetch` finds it with its policy. A room that cannot be looked into is reported. Throws RetryableError while the homeserver is away. */
export async function lookAtRoom(
  policy: CarePolicy,
  room: GovernedRoom,
  fetch: () => Promise<RoomSnapshot>,
): Promise<SeenRoom> {
  try {
    const snapshot = await fetch();
    const { bot } = policy.namespace;
    const found = reconcile(policy, room, snapshot).map((change): Repair => {
      const by = whoChanged(snapshot, change);
      return { change, by, changedBy: by.userId === bot ? undefined : by.userId };
    });
    return {
      repairs: found.filter(({ change }) => change.kind !== 'report'),
      reports: found
        .filter(({ change }) => change.kind === 'report')
        .map(({ change: { rule, why }, changedBy }) => ({ rule, why, changedBy })),
      isEncrypted: snapshot.state.has(stateId('m.room.encryption')),
      power: `${powerOf(snapshot, bot)} ${snapshot.state.get(stateId('m.room.power_levels'))?.eventId ?? ''}`,
    };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    // The message is ours: the bot is out, or the state is too large to be taken in.
    const reports = [{ rule: 'bot', why: `the bot cannot look into the room. ${error.message}` }];
    return { repairs: [], reports, isEncrypted: false, power: '' };
  }
}
