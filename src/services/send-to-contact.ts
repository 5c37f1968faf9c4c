import type { Logger } from '../log.ts';
import type { Conversation } from '../model/conversation.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import { encodingOf } from '../model/sms-encoding.ts';
import { maySend } from '../policy/may-send.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { SmsCarrier } from '../ports/sms-carrier.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { CheckIdentity } from './check-identity.ts';
import type { Lines } from './lines.ts';
import type { MayTextOut } from './may-text-out.ts';
import type { Notifier } from './notifier.ts';

/** What a member of staff wants to send: text, or a file with or without words. */
export interface Outgoing {
  readonly text: string;
  readonly attachment: Readonly<Record<string, unknown>> | undefined;
}

/** What sending needs. */
export interface SendToContactParts {
  readonly outbox: OutboxStore;
  readonly events: MatrixEventStore;
  readonly consents: ConsentStore;
  readonly lines: Lines;
  readonly carriers: ReadonlyMap<string, SmsCarrier>;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  /** Left out: every room's class sends texts. */
  readonly mayTextOut?: MayTextOut;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
  readonly prefix: string;
  readonly log: Logger;
  readonly wake: () => void;
}

/** Queues what staff wrote for the carrier, or says in a reply why it was not sent. */
export class SendToContact {
  readonly #parts: SendToContactParts;

  constructor(parts: SendToContactParts) {
    this.#parts = parts;
  }

  /** Commits the outbox row, or the refusal, and what `note` writes, together with the end of the event's own row. */
  async send(
    row: MatrixEventRow,
    conversation: Conversation,
    outgoing: Outgoing,
    note?: () => Promise<void>,
  ): Promise<'settled'> {
    const { event } = row;
    const refusal = await this.#refusal(row, conversation, outgoing);
    await this.#parts.transactions.run(async () => {
      if (refusal === undefined) await this.#queue(row, conversation, outgoing);
      else await this.notSent(row, refusal);
      await note?.();
      await this.#parts.events.complete(row.id);
    });
    this.#parts.log.info(refusal === undefined ? 'message.queued' : 'message.refused', {
      roomId: event.room_id,
      eventId: event.event_id,
      trace: row.trace,
    });
    return 'settled';
  }

  /** Says in a reply that the event did not go to the patient. `why` ends with what to do. */
  async notSent(row: MatrixEventRow, why: string): Promise<void> {
    await this.#parts.notifier.say(row.event.room_id, `Not sent: ${why} (Reference ${row.trace})`, {
      cause: `not-sent:${row.event.event_id}`,
      trace: row.trace,
      replyTo: row.event.event_id,
    });
  }

  async #refusal(row: MatrixEventRow, conversation: Conversation, outgoing: Outgoing): Promise<string | undefined> {
    const line = this.#parts.lines.find(conversation.lineId);
    if (line === undefined)
      return `line ${conversation.lineId} is no longer in the configuration. Tell your administrator.`;
    if (!line.team.includes(row.event.sender)) {
      return `only the team of line ${line.id} can text this patient. Ask one of them, or your administrator to add you.`;
    }
    const carrier = this.#parts.carriers.get(line.carrier);
    if (outgoing.attachment !== undefined && !(carrier && 'sendMms' in carrier)) {
      return 'this line cannot send pictures or files. Describe it in words, or use another way.';
    }
    const now = Date.now();
    const consent = (await this.#parts.consents.latest(conversation.address.id))?.state ?? 'none';
    const [violation] = maySend({
      kind: 'message',
      consent,
      encoding: encodingOf(outgoing.text),
      createdAt: now,
      now,
      identity: (await this.#parts.identity?.standing(conversation)) ?? 'not-needed',
      isTextingClass: (await this.#parts.mayTextOut?.(row.event.room_id)) ?? true,
    });
    // Who was never asked, or long ago, is asked now: the sender is told that it begins with that.
    if (violation?.code === 'awaiting-identity')
      await this.#parts.identity?.next(conversation, { cause: `event:${row.event.event_id}`, trace: row.trace });
    return violation?.message.replaceAll('{prefix}', this.#parts.prefix);
  }

  async #queue(row: MatrixEventRow, conversation: Conversation, outgoing: Outgoing): Promise<void> {
    const { event, trace } = row;
    await this.#parts.outbox.add(
      {
        kind: 'message',
        cause: `event:${event.event_id}`,
        conversationId: conversation.id,
        lineId: conversation.lineId,
        to: conversation.address.number,
        body: outgoing.text,
        attachment: outgoing.attachment,
        eventId: event.event_id,
        roomId: event.room_id,
        trace,
      },
      Date.now(),
    );
    this.#parts.transactions.afterCommit(this.#parts.wake);
  }
}
