import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Notifier } from '../services/notifier.ts';
import type { CarryOut, ReadyCommand } from './carry-out.ts';
import { previewOf } from './command-preview.ts';
import type { Preview } from './command.ts';
import { codeOf, keep, promptFor } from './confirmation-prompt.ts';
import { hashOf } from './fact-hash.ts';

/** What asking needs. */
export interface AskConfirmationParts {
  readonly store: ConfirmationStore;
  readonly carryOut: CarryOut;
  readonly notifier: Notifier;
  readonly transactions: Transactions;
  readonly prefix: string;
  /** How long a yes is waited for, ms. */
  readonly waitMs: number;
}

/** Shows what a command would do, and asks for a yes. */
export class AskConfirmation {
  readonly #parts: AskConfirmationParts;

  constructor(parts: AskConfirmationParts) {
    this.#parts = parts;
  }

  /** About the command that was typed. Where there is nothing to say yes to, that is told. */
  async ask(ready: ReadyCommand, line: string): Promise<void> {
    const { carryOut, transactions } = this.#parts;
    const preview = await previewOf(ready);
    if ('refused' in preview) {
      return transactions.run(() => carryOut.tell(ready, { text: preview.refused, outcome: preview.outcome }));
    }
    if (preview.isNothingToDo) {
      return transactions.run(() =>
        carryOut.tell(ready, { text: preview.text, data: preview.facts, outcome: 'shown' }),
      );
    }
    if (!(await carryOut.begin(ready, 'asked'))) return carryOut.tellNoAudit(ready.call);
    await transactions.run(() => this.prompt(ready, line, preview, ready.call.eventId));
  }

  /** Commits the question and its words; in the transaction of whoever calls. `cause` is what made it necessary: the same asks once. */
  async prompt({ command, call, args }: ReadyCommand, line: string, preview: Preview, cause: string): Promise<void> {
    const { store, notifier, prefix, waitMs } = this.#parts;
    const id = codeOf(cause);
    const expiresAt = Date.now() + waitMs;
    const { needsSecondPerson } = command;
    const isNew = await store.add({
      id,
      roomId: call.room.roomId,
      commandEvent: call.eventId,
      promptEvent: undefined,
      requestedBy: call.sender,
      commandLine: keep({ line, repliesTo: call.repliesTo, trace: call.trace }),
      needsSecondPerson,
      expiresAt,
      previewHash: hashOf(command.name, args, preview.facts),
      confirmed: undefined,
    });
    if (!isNew) return;
    const { text, data } = promptFor({ id, command, preview, prefix, expiresAt });
    await notifier.say(call.room.roomId, text, {
      cause: `confirm:${id}`,
      trace: call.trace,
      replyTo: call.eventId,
      data,
      confirmation: id,
    });
  }
}
