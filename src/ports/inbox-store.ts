import type { LineId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { InboxRow } from '../model/rows.ts';
import type { QueueStore } from './queue-store.ts';

/** A text as a carrier handed it over, before it has a row. */
export type NewInboxRow = Omit<InboxRow, 'id' | 'lane' | 'attempts' | 'trace' | 'receivedAt' | 'partsSent'>;

/** Texts that came from carriers. */
export interface InboxStore {
  /**
   * Commits the row; the lane is made of the line and the keyed hash of the address. Returns undefined where
   * (carrier, carrierMessageId) is already there. A row without a line is parked at once, but for a STOP, which is acted on; its lane is that of all
   * texts to the same number. A row without a number that could be answered is parked at once, too.
   */
  add(row: NewInboxRow, now: number): Promise<InboxRow | undefined>;
  /** The queue of rows to be put into their rooms. */
  readonly deliveries: QueueStore<InboxRow>;
  /** The queue of rows with a keyword to be acted on: independent of `deliveries`, so that an opt-out never waits for a room. */
  readonly keywords: QueueStore<InboxRow>;
  /** Makes rows of a lane due now that only wait for something outside (see `QueueStore.retry`). */
  wake(lane: string): Promise<void>;
  /** The row with its content, or undefined where that is wiped. Throws PermanentError where it cannot be decrypted. */
  find(id: string): Promise<InboxRow | undefined>;
  /** How many texts are parked because no line has their number: all of them, or those of a lane. */
  countWithoutLine(lane?: string): Promise<number>;
  /** How many texts are parked that came to this number of the carrier when no line had it, and the place of the newest in the order in which all came. */
  keptFor(carrier: string, number: PhoneNumber): Promise<{ readonly count: number; readonly newest: number }>;
  /** Gives a row without a line its line, and the lane of its conversation. */
  giveLine(row: InboxRow, lineId: LineId): Promise<void>;
  /** Commits how many parts of the row are in its room. */
  noteParts(id: string, partsSent: number): Promise<void>;
}
