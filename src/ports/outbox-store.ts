import type { DeliveryState, FailureReason } from '../model/delivery.ts';
import type { EventId } from '../model/ids.ts';
import type { OutboxRow } from '../model/rows.ts';
import type { QueueStore } from './queue-store.ts';

/** A text to be sent, before it has a row. `cause` is unique: the same cause adds nothing a second time. */
export type NewOutboxRow = Pick<
  OutboxRow,
  'kind' | 'conversationId' | 'lineId' | 'to' | 'body' | 'attachment' | 'eventId' | 'roomId'
> & { readonly cause: string; readonly trace: string };

/**
 * Texts that must go to a carrier. The lane is the conversation id. `retry` also takes the state back to `ready`: only what certainly did not
 * leave is tried again, so a restart must not call it interrupted.
 */
export interface OutboxStore extends QueueStore<OutboxRow> {
  /** Commits the row, or returns undefined where `cause` is already there. */
  add(row: NewOutboxRow, now: number): Promise<OutboxRow | undefined>;
  /** The row, with its body while it is still kept. */
  find(id: string): Promise<OutboxRow | undefined>;
  /** The row the carrier knows by its own reference. */
  findByCarrierReference(carrier: string, reference: string): Promise<OutboxRow | undefined>;
  /** The rows that a room event caused: one, or none. */
  findByEvent(eventId: EventId): Promise<OutboxRow | undefined>;
  /**
   * Commits that the carrier is about to be called: a row found in this state at start has an unknown outcome. Returns false, and changes
   * nothing, where the row is past `sending`: it was ended meanwhile, and the carrier must not be called.
   */
  markSending(id: string): Promise<boolean>;
  /** Refuses a text that has not begun to leave. Returns false, and changes nothing, where it is no longer `ready`. */
  cancel(id: string): Promise<boolean>;
  /**
   * Moves the state forward (see `advances`) and returns the row as it was before, or undefined where nothing changed. Any state
   * past `sending` also takes the row out of the queue.
   */
  advance(
    id: string,
    state: DeliveryState,
    details?: { readonly carrier?: string; readonly carrierReference?: string; readonly failure?: FailureReason },
  ): Promise<OutboxRow | undefined>;
  /** True where nobody can tell whether a text with this reference left. */
  isUnknown(trace: string): Promise<boolean>;
  /** The rows left in `sending` by a process that died. */
  findInterrupted(): Promise<OutboxRow[]>;
}
