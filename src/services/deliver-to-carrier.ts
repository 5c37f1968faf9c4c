import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ConsentState } from '../model/consent.ts';
import { FAILURE_TEXT, type FailureReason } from '../model/delivery.ts';
import type { OutboxRow } from '../model/rows.ts';
import { encodingOf } from '../model/sms-encoding.ts';
import type { IdentityStanding } from '../policy/identity-standing.ts';
import { maySend } from '../policy/may-send.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import type { MmsCarrier, OutboundMedia, OutboundSms, SendResult, SmsCarrier } from '../ports/sms-carrier.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { CheckIdentity } from './check-identity.ts';
import { closeQuestion, isQuestionOf, openQuestion } from './consent-question.ts';
import type { Lines } from './lines.ts';
import { recordCarrierOptOut } from './record-carrier-opt-out.ts';
import type { MayTextOut } from './may-text-out.ts';
import type { TellSender } from './tell-sender.ts';

/** What delivering to a carrier needs. */
export interface DeliverToCarrierParts {
  readonly outbox: OutboxStore;
  readonly consents: ConsentStore;
  readonly conversations: ConversationStore;
  readonly carriers: ReadonlyMap<string, SmsCarrier>;
  readonly lines: Lines;
  readonly sender: RoomSender;
  readonly tell: TellSender;
  readonly transactions: Transactions;
  /** Left out: every room's class sends texts. */
  readonly mayTextOut?: MayTextOut;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
  readonly wordingVersion: string;
  readonly prefix: string;
  readonly log: Logger;
}

/** How long a carrier may take to answer one send, ms. */
const CARRIER_TIMEOUT_MS = 30_000;
const NO_FILE =
  'its file is too large for this line, or could not be fetched from the room. Send a smaller one, or describe it in words.';

/** Hands one text to its carrier, at most once. Made for the queue. */
export class DeliverToCarrier {
  readonly #parts: DeliverToCarrierParts;

  constructor(parts: DeliverToCarrierParts) {
    this.#parts = parts;
  }

  /**
   * Asks the rules once more and commits that the carrier is about to be called, calls it, commits what became of it. Throws RetryableError only
   * where the text certainly did not leave.
   */
  async deliver(row: OutboxRow, stopping: AbortSignal): Promise<'settled'> {
    const line = this.#parts.lines.find(row.lineId);
    const carrier = line && this.#parts.carriers.get(line.carrier);
    // Nothing is fetched for a text that may not leave.
    const refused = row.attachment && (await this.#violation(row));
    if (refused !== undefined) return this.#refuse(row, refused);
    if (line === undefined || carrier === undefined) {
      return this.#refuse(row, `line ${row.lineId} is no longer in the configuration.`);
    }
    const sms: OutboundSms = { id: row.id, from: line.number, to: row.to, text: row.body };
    const media = await this.#attachment(row, carrier);
    if (media === 'not-to-be-had') return this.#refuse(row, NO_FILE);
    const marked = await this.#markSending(row);
    if (marked === 'taken-back') return 'settled';
    if (marked !== 'sending') return this.#refuse(row, marked.violation);
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(CARRIER_TIMEOUT_MS)]);
    const send = async () => (media ? (carrier as MmsCarrier).sendMms(sms, media, signal) : carrier.send(sms, signal));
    const result = await send().catch((error: unknown): SendResult => {
      // An adapter must not throw. Where it does, nobody knows how far it got.
      this.#parts.log.error('carrier.bug', { carrier: carrier.name, trace: row.trace, error });
      return { outcome: 'unknown', detail: 'the adapter failed' };
    });
    return this.#end(row, result, carrier.name, stopping);
  }

  /** Why the text must not leave now, in words for whoever wrote it, or undefined. */
  async #violation(row: OutboxRow): Promise<string | undefined> {
    const [violation] = maySend({
      kind: row.kind,
      consent: await this.#consent(row),
      identity: await this.#identity(row),
      encoding: encodingOf(row.body),
      createdAt: row.createdAt,
      now: Date.now(),
      isTextingClass: await this.#isTextingClass(row),
    });
    return violation?.message.replaceAll('{prefix}', this.#parts.prefix);
  }

  async #consent(row: OutboxRow): Promise<ConsentState> {
    const conversation = await this.#parts.conversations.find(row.conversationId);
    const latest = conversation && (await this.#parts.consents.latest(conversation.address.id));
    // The question that this very warning opened at an earlier try does not stand in its way.
    return latest === undefined || isQuestionOf(row, latest) ? 'none' : latest.state;
  }

  async #identity({ conversationId }: OutboxRow): Promise<IdentityStanding> {
    const { identity, conversations } = this.#parts;
    const conversation = identity && (await conversations.find(conversationId));
    return conversation === undefined ? 'not-needed' : identity!.standing(conversation);
  }

  async #isTextingClass({ conversationId }: OutboxRow): Promise<boolean> {
    const { mayTextOut, conversations } = this.#parts;
    const roomId = mayTextOut && (await conversations.find(conversationId))?.roomId;
    return mayTextOut === undefined || roomId === undefined || mayTextOut(roomId);
  }

  async #attachment(row: OutboxRow, carrier: SmsCarrier): Promise<OutboundMedia | 'not-to-be-had' | undefined> {
    if (row.attachment === undefined) return undefined;
    const limit = 'maxMediaBytes' in carrier ? (carrier as MmsCarrier).maxMediaBytes : 0;
    try {
      return await this.#parts.sender.downloadFile(row.attachment, limit);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      this.#parts.log.warn('sms.file-not-fetched', { trace: row.trace, error });
      return 'not-to-be-had';
    }
  }

  /**
   * From here on a crash means `unknown`. A warning opens the question before it can be answered. `taken-back`: removed since the queue read it. The rules
   * are asked in the same transaction, since a STOP may have come while a file was fetched.
   */
  async #markSending(row: OutboxRow): Promise<'sending' | 'taken-back' | { readonly violation: string }> {
    return this.#parts.transactions.run(async () => {
      const violation = await this.#violation(row);
      if (violation !== undefined) return { violation };
      if (!(await this.#parts.outbox.markSending(row.id))) return 'taken-back';
      await openQuestion(this.#parts, row);
      return 'sending';
    });
  }

  async #end(row: OutboxRow, result: SendResult, carrier: string, stopping: AbortSignal): Promise<'settled'> {
    const { outbox, log } = this.#parts;
    const about = { trace: row.trace, carrier, kind: row.kind };
    log.info('sms.handed-over', {
      ...about,
      outcome: result.outcome,
      detail: 'detail' in result ? result.detail : undefined,
    });
    switch (result.outcome) {
      case 'accepted':
        await this.#commit(stopping, () =>
          outbox.advance(row.id, 'accepted', {
            carrier,
            ...(result.carrierReference !== undefined && { carrierReference: result.carrierReference }),
          }),
        );
        return 'settled';
      case 'refused':
        await this.#commit(stopping, () =>
          this.#advanceAndTell(row, 'refused', FAILURE_TEXT[result.reason], result.reason),
        );
        return 'settled';
      case 'unknown':
        await this.#commit(stopping, () => this.#advanceAndTell(row, 'unknown', undefined));
        return 'settled';
      case 'not-sent':
        await this.#parts.transactions.run(() => closeQuestion(this.#parts, row));
        throw new RetryableError(`carrier: ${result.detail}`, {
          ...(result.retryAfterMs !== undefined && { retryAfterMs: result.retryAfterMs }),
        });
    }
  }

  async #refuse(row: OutboxRow, why: string): Promise<'settled'> {
    this.#parts.log.info('sms.refused', { trace: row.trace, kind: row.kind });
    await this.#advanceAndTell(row, 'refused', why);
    return 'settled';
  }

  async #advanceAndTell(
    row: OutboxRow,
    state: 'refused' | 'unknown',
    why: string | undefined,
    failure?: FailureReason,
  ) {
    await this.#parts.transactions.run(async () => {
      const before = await this.#parts.outbox.advance(row.id, state, failure && { failure });
      if (before === undefined) return;
      if (why === undefined) return this.#parts.tell.unknown(row);
      await closeQuestion(this.#parts, row);
      await recordCarrierOptOut(this.#parts, row, failure);
      await this.#parts.tell.notSent(row, why);
    });
  }

  /**
   * The carrier has been called: what it said must be committed before anything else happens to the row. While the database is down this waits; where
   * the process ends first, the row is found in `sending` at the next start and becomes `unknown`.
   */
  async #commit(stopping: AbortSignal, work: () => Promise<unknown>): Promise<void> {
    let pauseMs = 100;
    do {
      try {
        await work();
        return;
      } catch (error) {
        this.#parts.log.error('sms.outcome-not-committed', { error });
        await sleep(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, 5_000);
      }
    } while (!stopping.aborted);
  }
}
