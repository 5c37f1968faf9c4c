import type { RoomId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';
import type { ChangeOutcome, RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import type { GovernedRoomPlan } from '../model/governed-room-plan.ts';

/** Looks at rooms and changes them, as the bot. */
export interface RoomControl {
  create(plan: GovernedRoomPlan): Promise<RoomId>;
  /** The version that `create` gives rooms, e.g. `12`: the plan's power levels depend on it. Asked of the homeserver once. */
  newRoomVersion(): Promise<string>;
  /**
   * The room's state: fetched once, then kept by the events of transactions (nothing is fetched at rest). Throws PermanentError where the bot
   * is not in the room.
   */
  snapshot(roomId: RoomId): Promise<RoomSnapshot>;
  /** Fetches anew: after a doubt, or where the sweep finds a difference. */
  refresh(roomId: RoomId): Promise<RoomSnapshot>;
  /** Takes the state events of a committed transaction in; returns the rooms that changed. */
  observe(events: readonly MatrixEvent[]): ReadonlySet<RoomId>;
  /** Forgets a room that is no longer governed. */
  forget(roomId: RoomId): void;
  /** Does one change. `report` changes are not for here. Repeating it does no harm. Throws RetryableError while the homeserver is away. */
  apply(roomId: RoomId, change: RoomChange): Promise<ChangeOutcome>;
  /** Joins as the bot, after an invitation. False where it may not. */
  join(roomId: RoomId): Promise<boolean>;
  leave(roomId: RoomId): Promise<void>;
}
