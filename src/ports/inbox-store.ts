import type { InboxRow } from '../model/rows.ts';
import type { QueueStore } from './queue-store.ts';

/** A text as a carrier handed it over, before it has a row. */
export type NewInboxRow = Omit<InboxRow, 'id' | 'lane' | 'attempts' | 'trace' | 'receivedAt'>;

/** Texts that came from carriers. */
export interface InboxStore {
  /**
   * Commits the row; the lane is made of the line and the keyed hash of the address. Answers undefined where
   * (carrier, carrierMessageId) is already there.
   */
  add(row: NewInboxRow, now: number): Promise<InboxRow | undefined>;
  /** The queue of rows to be put into their rooms. */
  readonly deliveries: QueueStore<InboxRow>;
  /** The queue of rows with a keyword to be acted on: independent of `deliveries`, so that an opt-out never waits for a room. */
  readonly keywords: QueueStore<InboxRow>;
  /** Makes rows of a lane due now that only wait for something outside (see `QueueStore.retry`). */
  wake(lane: string): Promise<void>;
}
