import type { EventId, RoomId } from '../model/ids.ts';
import type { MatrixEvent, MatrixEventRow } from '../model/rows.ts';
import type { QueueStore } from './queue-store.ts';

/** Room events that the homeserver delivered. The lane is the room. */
export interface MatrixEventStore extends QueueStore<MatrixEventRow> {
  /**
   * Commits a transaction and its events at once. Returns false, and stores nothing, where `txnId` was committed before. An event id
   * that is already there is left out.
   */
  addTransaction(txnId: string, events: readonly MatrixEvent[], now: number): Promise<boolean>;
  /** Moves an event that has to wait, for its key or for a server that is away, into a lane of its own: the room's later events need not wait for it. */
  setAside(id: string): Promise<void>;
  /** Ends an event that is not handled yet, because it was removed from the room. Does nothing where it is unknown or handled. */
  discard(eventId: EventId): Promise<void>;
  /** Makes events of a room (or of all rooms) due now that only wait for something outside, e.g. a room key. */
  wake(roomId?: RoomId): Promise<void>;
}
