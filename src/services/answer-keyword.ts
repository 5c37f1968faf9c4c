import type { Logger } from '../log.ts';
import type { ConsentState } from '../model/consent.ts';
import type { Address, Conversation } from '../model/conversation.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { InboxRow } from '../model/rows.ts';
import { consentStep } from '../policy/consent-step.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { CheckIdentity, IdentityStep } from './check-identity.ts';
import type { Notifier } from './notifier.ts';
import type { SendAutomatic } from './send-automatic.ts';
import { tellTeams } from './tell-teams.ts';

/** What answering keywords needs. */
export interface AnswerKeywordParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly automatic: SendAutomatic;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  readonly namespace: Namespace;
  readonly wordingVersion: string;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
  readonly log: Logger;
}

const OPTED_OUT = 'The patient opted out (STOP). Nothing more will be sent. Call instead.';
const TOLD_TO_TEAM: Readonly<Partial<Record<ConsentState, string>>> = {
  granted: 'The patient answered YES: consent to texts is recorded.',
  declined: 'The patient answered NO: texts are declined. Call instead.',
  revoked: OPTED_OUT,
  none: 'The patient texted START: contact is restored and the risk warning is sent again. Wait for the answer YES.',
};

/** Acts on STOP, START, HELP, YES and NO at once, whether or not a room can be reached. */
export class AnswerKeyword {
  readonly #parts: AnswerKeywordParts;

  constructor(parts: AnswerKeywordParts) {
    this.#parts = parts;
  }

  /** Commits the new consent state, the answer and the words to the team together. Safe to repeat. */
  async answer(row: InboxRow): Promise<void> {
    const { keyword, lineId, from } = row;
    if (keyword === undefined || from === undefined) return;
    if (lineId === undefined) return this.#optOut(row, from);
    const { conversations, consents, transactions, namespace } = this.#parts;
    const conversation = await conversations.findOrCreate(lineId, from, () => newGhost(namespace));
    await transactions.run(async () => {
      const before = await consents.latest(conversation.address.id);
      const cause = `inbox:${row.id}`;
      if (before?.cause === cause) return;
      const isOutdated = before !== undefined && before.at > row.receivedAt;
      const age = { isOutdated, ageMs: Date.now() - row.receivedAt };
      const step = consentStep(before?.state ?? 'none', keyword, age);
      if (step.next !== undefined) {
        await this.#record(conversation.address, row, step.next, cause);
        await this.#tell(conversation, row, step.next, cause);
      }
      if (step.answer !== undefined) await this.#parts.automatic.send(conversation, step.answer, cause, row.trace);
    });
    this.#parts.log.info('keyword.answered', { keyword, trace: row.trace });
  }

  /**
   * A STOP to a number that no line has counts for the patient's number on every line, also where nobody texted it yet. It is not confirmed: there is no
   * line that could, and later it would be too late (K4).
   */
  async #optOut(row: InboxRow, from: PhoneNumber): Promise<void> {
    const { conversations, consents, transactions, namespace } = this.#parts;
    await transactions.run(async () => {
      const address = await conversations.ensureAddress(from, () => newGhost(namespace));
      if ((await consents.latest(address.id))?.state === 'revoked') return;
      const cause = `inbox:${row.id}`;
      await this.#record(address, row, 'revoked', cause);
      await tellTeams(this.#parts, address.id, OPTED_OUT, { cause, trace: row.trace });
    });
    this.#parts.log.info('keyword.answered', { keyword: 'stop', trace: row.trace });
  }

  /** What the team can do now that there is consent. */
  async #next(conversation: Conversation, step: IdentityStep): Promise<string> {
    const { identity } = this.#parts;
    return identity === undefined ? 'You can write now.' : identity.next(conversation, step);
  }

  /** As of when the text came: what came after it may have been acted on already. */
  async #record(address: Address, row: InboxRow, state: ConsentState, cause: string): Promise<void> {
    await this.#parts.consents.append({
      contactId: address.contactId,
      addressId: address.id,
      state,
      method: 'sms',
      wordingVersion: this.#parts.wordingVersion,
      evidence: row.body,
      cause,
      actor: 'patient',
      at: row.receivedAt,
    });
  }

  async #tell(conversation: Conversation, row: InboxRow, state: ConsentState, cause: string): Promise<void> {
    const words = TOLD_TO_TEAM[state];
    if (words === undefined) return;
    const next = state === 'granted' ? ` ${await this.#next(conversation, { cause, trace: row.trace })}` : '';
    await tellTeams(this.#parts, conversation.address.id, `${words}${next}`, { cause, trace: row.trace });
  }
}
