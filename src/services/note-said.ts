import type { Said, SaidBy } from '../model/archive.ts';
import type { Conversation } from '../model/conversation.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import { saidIn } from '../policy/said-in.ts';
import type { ArchiveQueue } from '../ports/archive-queue.ts';
import type { Transactions } from '../ports/transactions.ts';

/** What noting needs. `wake` tells that there is something to archive. */
export interface NoteSaidParts {
  readonly archiveQueue: ArchiveQueue;
  readonly transactions: Pick<Transactions, 'afterCommit'>;
  readonly wake: () => void;
}

/** One event that is in a patient's room now. */
export interface SaidEvent {
  readonly by: SaidBy;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly sender: UserId;
  /** Unix ms. */
  readonly at: number;
  readonly type: string;
  /** Decrypted. */
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Notes what is said in patients' rooms for the archive. To be called before the row that caused it ends, or in the transaction that ends it: so a crash
 * repeats the note, and loses none. Not created when archiving is off.
 */
export class NoteSaid {
  readonly #parts: NoteSaidParts;

  constructor(parts: NoteSaidParts) {
    this.#parts = parts;
  }

  async event({ id: conversationId }: Pick<Conversation, 'id'>, event: SaidEvent): Promise<void> {
    const { by, roomId, eventId, sender, at, type, content } = event;
    const said = saidIn(type, content);
    if (said === undefined) return;
    await this.#add({ ...said, by, conversationId, roomId, eventId, sender, at });
  }

  /** What a member of staff wrote, as decrypted. */
  async staff(
    { event }: MatrixEventRow,
    conversation: Conversation,
    clear: { readonly type: string; readonly content: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    const { room_id: roomId, event_id: eventId, sender, origin_server_ts: at } = event;
    await this.event(conversation, { by: 'staff', roomId, eventId, sender, at, ...clear });
  }

  /** A member of staff removed the event `removed`. */
  async redaction({ event }: MatrixEventRow, conversation: Conversation, removed: EventId): Promise<void> {
    const { room_id: roomId, event_id: eventId, sender, origin_server_ts: at, content } = event;
    const reason = content['reason'];
    await this.#add({
      kind: 'redaction',
      by: 'staff',
      conversationId: conversation.id,
      roomId,
      eventId,
      sender,
      at,
      relatesTo: removed,
      content: typeof reason === 'string' ? { body: reason.toWellFormed() } : {},
    });
  }

  async #add(said: Said): Promise<void> {
    await this.#parts.archiveQueue.add(said);
    this.#parts.transactions.afterCommit(this.#parts.wake);
  }
}
