import type { Conversation } from '../model/conversation.ts';
import type { OutboxKind } from '../model/rows.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { Transactions } from '../ports/transactions.ts';

/** The PHI-free texts that are sent without a person writing them. `{practice}` and `{contact}` are already filled in. */
export type AutomaticTexts = Readonly<Record<Exclude<OutboxKind, 'message'>, string>>;

/** What automatic texts need. */
export interface SendAutomaticParts {
  readonly outbox: OutboxStore;
  readonly transactions: Transactions;
  readonly texts: AutomaticTexts;
  readonly wake: () => void;
}

/** Queues the risk warning, the opt-out confirmation or the answer to HELP. */
export class SendAutomatic {
  readonly #parts: SendAutomaticParts;

  constructor(parts: SendAutomaticParts) {
    this.#parts = parts;
  }

  /** Commits one text, with the surrounding transaction where there is one. The same `cause` sends once. */
  async send(conversation: Conversation, kind: keyof AutomaticTexts, cause: string, trace: string): Promise<boolean> {
    const { outbox, transactions, texts, wake } = this.#parts;
    const row = await outbox.add(
      {
        kind,
        cause: `${kind}:${cause}`,
        conversationId: conversation.id,
        lineId: conversation.lineId,
        to: conversation.address.number,
        body: texts[kind],
        attachment: undefined,
        eventId: undefined,
        roomId: conversation.roomId,
        trace,
      },
      Date.now(),
    );
    if (row === undefined) return false;
    transactions.afterCommit(wake);
    return true;
  }
}
