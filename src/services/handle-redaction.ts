import { parseEventId } from '../model/ids.ts';
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
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
}

/** Staff removed a message: what has not left is stopped, and what has left cannot be called back. */
export class HandleRedaction {
  readonly #parts: HandleRedactionParts;

  constructor(parts: HandleRedactionParts) {
    this.#parts = parts;
  }

  async handle(row: MatrixEventRow, room: KnownRoom): Promise<'done'> {
    const { outbox, events, transactions } = this.#parts;
    // From room version 11 on the id is in the content.
    const removed = parseEventId(row.event.redacts ?? row.event.content['redacts']);
    if (!room.conversation || removed === undefined) return 'done';
    await this.#parts.said?.redaction(row, room.conversation, removed);
    await events.discard(removed);
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
