import type { MatrixEventRow } from '../model/rows.ts';
import { outgoingKind } from '../policy/outgoing-kind.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Handled } from './handled.ts';
import type { KnownRoom } from './known-room.ts';
import type { Notifier } from './notifier.ts';
import type { SendToContact } from './send-to-contact.ts';

/** Runs a command that somebody typed; the answer is committed to the notice queue. Wired to `commands/` by the composition root. */
export type RunCommand = (row: MatrixEventRow, text: string, room: KnownRoom) => Promise<void>;

/** What handling staff's messages needs. */
export interface HandleStaffMessageParts {
  readonly send: SendToContact;
  readonly runCommand: RunCommand;
  readonly events: MatrixEventStore;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  readonly commandPrefix: string;
}

/** What staff wrote in a conversation or in the command room. */
export class HandleStaffMessage {
  readonly #parts: HandleStaffMessageParts;

  constructor(parts: HandleStaffMessageParts) {
    this.#parts = parts;
  }

  /** A decrypted event: a command, a text for the patient, or something that must be said not to go. */
  async handle(
    row: MatrixEventRow,
    room: KnownRoom,
    clear: { readonly type: string; readonly content: Readonly<Record<string, unknown>> },
  ): Promise<Handled> {
    const outgoing = outgoingKind(clear.type, clear.content, this.#parts.commandPrefix);
    if (outgoing.kind === 'ignored') return 'done';
    if (outgoing.kind === 'command') {
      await this.#parts.runCommand(row, outgoing.text, room);
      return 'done';
    }
    if (room.conversation === undefined) return 'done';
    if (outgoing.kind === 'not-sendable') return this.refuse(row, outgoing.why);
    const attachment = outgoing.kind === 'file' ? clear.content : undefined;
    return this.#parts.send.send(row, room.conversation, { text: outgoing.text, attachment });
  }

  /** Says in a reply that the event did not go to the patient, and ends its row. */
  async refuse(row: MatrixEventRow, why: string): Promise<'settled'> {
    await this.#parts.transactions.run(async () => {
      await this.#parts.send.notSent(row, why);
      await this.#parts.events.complete(row.id);
    });
    return 'settled';
  }

  /** A message in the clear into an encrypted room: nothing is done with it. */
  async notEncrypted(row: MatrixEventRow): Promise<'settled'> {
    return this.refuse(row, 'it was not encrypted. Use a client that encrypts, such as Element.');
  }

  /** Patients see no reactions. Said once to each person in a room, since it is a habit and no mistake. */
  async reaction(row: MatrixEventRow, room: KnownRoom): Promise<'done'> {
    if (room.conversation === undefined) return 'done';
    await this.#parts.notifier.say(
      room.roomId,
      'Reactions stay in this room: the patient does not see them. Write it in words.',
      {
        cause: `reaction-hint:${room.roomId}:${row.event.sender}`,
        trace: row.trace,
        replyTo: row.event.event_id,
      },
    );
    return 'done';
  }
}
