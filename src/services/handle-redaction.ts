import { parseEventId, type EventId, type UserId } from '../model/ids.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { KnownRoom } from './known-room.ts';
import type { NoteSaid } from './note-said.ts';
import type { Notifier } from './notifier.ts';

/** What handling redactions needs. */
export interface HandleRedactionParts {
  readonly outbox: OutboxStore;
  readonly events: MatrixEventStore;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  /** Drops the command that the event was, where it waits for a yes. Wired to `commands/` by the composition root. */
  readonly dropCommand: (event: EventId, by: UserId) => Promise<void>;
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
}

/** Staff removed a message: what has not left, or waits for a yes, is stopped; what has left cannot be called back. */
export class HandleRedaction {
  readonly #parts: HandleRedactionParts;

  constructor(parts: HandleRedactionParts) {
    this.#parts = parts;
  }

  async handle(row: MatrixEventRow, room: KnownRoom): Promise<'done'> {
    const { outbox, events, transactions, dropCommand } = this.#parts;
    // From room version 11 on the id is in the content.
    const removed = parseEventId(row.event.redacts ?? row.event.content['redacts']);
    if (removed === undefined) return 'done';
    if (room.conversation) await this.#parts.said?.redaction(row, room.conversation, removed);
    await events.discard(removed);
    await dropCommand(removed, row.event.sender);
    if (!room.conversation) return 'done';
    const text = await outbox.findByEvent(removed);
    if (text === undefined) return 'done';
    await transactions.run(async () => {
      if (await outbox.cancel(text.id)) {
        await this.#say(row, 'The message was removed before it was sent: the patient does not get it.');
      } else if (text.state !== 'refused' && text.state !== 'parked') {
        await this.#say(
          row,
          'The message was removed here only: a text that was sent cannot be called back from the patient’s phone.',
        );
      }
    });
    return 'done';
  }

  async #say(row: MatrixEventRow, text: string): Promise<void> {
    await this.#parts.notifier.say(row.event.room_id, text, {
      cause: `redaction:${row.event.event_id}`,
      trace: row.trace,
    });
  }
}
