import { timingSafeEqual } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { Conversation } from '../model/conversation.ts';
import type { BirthDate, IdentityRecord } from '../model/identity.ts';
import type { UserId } from '../model/ids.ts';
import type { Country } from '../model/phone-number.ts';
import type { InboxRow } from '../model/rows.ts';
import { identityStanding, type IdentityRule, type IdentityStanding } from '../policy/identity-standing.ts';
import { readBirthDates } from '../policy/read-birth-date.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { IdentityStore } from '../ports/identity-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { identityInWords } from './identity-in-words.ts';
import type { Notifier } from './notifier.ts';
import type { SendAutomatic } from './send-automatic.ts';
import { tellTeams } from './tell-teams.ts';

/** What checking needs. */
export interface CheckIdentityParts {
  readonly identities: IdentityStore;
  readonly consents: Pick<ConsentStore, 'latest'>;
  readonly conversations: ConversationStore;
  readonly automatic: SendAutomatic;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  readonly rule: IdentityRule & {
    /** After as many wrong answers only a member of staff can say who it is. */
    readonly tries: number;
  };
  /** How dates are written here. */
  readonly country: Country;
  readonly wordingVersion: string;
  readonly prefix: string;
  readonly log: Logger;
}

/** Who did something by which event. */
export interface IdentityStep {
  /** Unique: the same cause does it once. */
  readonly cause: string;
  readonly trace: string;
}

/**
 * Makes sure that whoever answers at a number is the patient, before anything of the staff goes there: by the date of birth, or a member of staff attests
 * it (G3). Where the installation asks nobody there is no such object.
 */
export class CheckIdentity {
  readonly #parts: CheckIdentityParts;

  constructor(parts: CheckIdentityParts) {
    this.#parts = parts;
  }

  /** What may be sent, as far as this goes. */
  async standing({ address, contact }: Conversation): Promise<IdentityStanding> {
    const { identities, rule } = this.#parts;
    const record = await identities.latest(address.id);
    const hasBirthDate = (await identities.birthDate(contact.id)) !== undefined;
    return identityStanding(record, { ...rule, hasBirthDate, now: Date.now() });
  }

  /** The same in words for the team. Of a number that nobody wrote to yet, nothing is known. */
  async describe(conversation: Conversation | undefined): Promise<string> {
    const standing = conversation === undefined ? 'unknown' : await this.standing(conversation);
    return identityInWords(standing, this.#parts.prefix);
  }

  /** Asks the patient where that is due now, and returns in words what the team can do next. */
  async next(conversation: Conversation, step: IdentityStep): Promise<string> {
    const standing = await this.standing(conversation);
    const consent = await this.#parts.consents.latest(conversation.address.id);
    const isAsked = standing === 'unasked' && consent?.state === 'granted';
    if (isAsked) await this.ask(conversation, step);
    return identityInWords(isAsked ? 'asked' : standing, this.#parts.prefix);
  }

  /** Queues the question. From now on a date from this number is its answer. */
  async ask(conversation: Conversation, { cause, trace }: IdentityStep): Promise<void> {
    await this.#parts.transactions.run(async () => {
      const before = await this.#parts.identities.latest(conversation.address.id);
      const isNew = await this.#append(conversation, {
        state: 'asked',
        method: 'sms',
        actor: 'carebridge',
        cause: `asked:${cause}`,
        failures: before?.failures ?? 0,
        evidence: 'the question was queued',
      });
      if (isNew) await this.#parts.automatic.send(conversation, 'identity-question', cause, trace);
    });
  }

  /** Looks whether a text answers the question. Safe to repeat. Anything but one date is no answer, and no try. */
  async answer(row: InboxRow, conversation: Conversation): Promise<void> {
    const { identities, transactions, country, log } = this.#parts;
    const given = row.keyword === undefined ? readBirthDates(row.body, country, row.receivedAt) : [];
    if (given.length === 0) return;
    await transactions.run(async () => {
      const before = await identities.latest(conversation.address.id);
      const expected = await identities.birthDate(conversation.contact.id);
      if (before?.state !== 'asked' || expected === undefined) return;
      const isRight = isOneOf(given, expected);
      if (await this.#take(row, conversation, isRight, before.failures))
        log.info(isRight ? 'identity.verified' : 'identity.wrong-answer', { trace: row.trace });
    });
  }

  /** Commits the date of birth. What was proven by another date counts no more. */
  async setBirthDate(conversation: Conversation, date: BirthDate, by: UserId, cause: string): Promise<void> {
    const { identities, transactions } = this.#parts;
    await transactions.run(async () => {
      const { address, contact } = conversation;
      const [before, latest] = [await identities.birthDate(contact.id), await identities.latest(address.id)];
      if (before === date) return;
      await identities.setBirthDate(contact.id, date);
      if (latest?.state !== 'verified' || latest.method === 'attested') return;
      const evidence = 'another date of birth was recorded';
      const about = { state: 'unchecked', method: 'attested', failures: 0, actor: by } as const;
      await this.#append(conversation, { ...about, evidence, cause: `changed:${cause}` });
    });
  }

  /** A member of staff knows who it is. `how` is kept. */
  async attest(conversation: Conversation, how: string, by: UserId, cause: string): Promise<void> {
    const about = { state: 'verified', method: 'attested', failures: 0, actor: by } as const;
    await this.#append(conversation, { ...about, evidence: how, cause });
  }

  /** Commits an answer, with what the team and the patient are told of it. False where it was taken before. */
  async #take(row: InboxRow, conversation: Conversation, isRight: boolean, failuresBefore: number): Promise<boolean> {
    const { automatic, prefix, rule } = this.#parts;
    const failures = isRight ? 0 : failuresBefore + 1;
    const state = isRight ? 'verified' : failures >= rule.tries ? 'locked' : 'asked';
    const cause = `inbox:${row.id}`;
    const about = { state, failures, method: 'sms', actor: 'patient' } as const;
    if (!(await this.#append(conversation, { ...about, evidence: row.body, cause }))) return false;
    if (state === 'asked') await automatic.send(conversation, 'identity-question', cause, row.trace);
    const told = {
      verified: 'The patient gave the right date of birth.',
      asked: `That is not the date of birth on record (${failures} of ${rule.tries} tries). The patient is asked again.`,
      locked: `That is not the date of birth on record (${failures} of ${rule.tries} tries).`,
    }[state];
    const words = state === 'asked' ? told : `${told} ${identityInWords(state, prefix)}`;
    await tellTeams(this.#parts, conversation.address.id, words, { cause: `identity:${cause}`, trace: row.trace });
    return true;
  }

  #append(
    { contact, address }: Conversation,
    record: Pick<IdentityRecord, 'state' | 'method' | 'failures' | 'evidence' | 'cause' | 'actor'>,
  ): Promise<boolean> {
    const { identities, wordingVersion } = this.#parts;
    const whose = { contactId: contact.id, addressId: address.id };
    return identities.append({ ...whose, ...record, wordingVersion, at: Date.now() });
  }
}

/** In a time that does not tell how much of it was right. */
function isOneOf(given: readonly BirthDate[], expected: BirthDate): boolean {
  const right = Buffer.from(expected);
  const matches = given.map((date) => timingSafeEqual(Buffer.from(date), right));
  return matches.includes(true);
}
