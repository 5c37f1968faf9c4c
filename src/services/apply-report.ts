import type { Logger } from '../log.ts';
import { FAILURE_TEXT } from '../model/delivery.ts';
import type { OutboxRow } from '../model/rows.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { CarrierEvent } from '../ports/sms-carrier.ts';
import type { Transactions } from '../ports/transactions.ts';
import { closeQuestion } from './consent-question.ts';
import type { Notifier } from './notifier.ts';
import { recordCarrierOptOut } from './record-carrier-opt-out.ts';
import type { TellSender } from './tell-sender.ts';

/** A carrier's delivery report. */
export type DeliveryReport = Extract<CarrierEvent, { kind: 'report' }>;

/** What applying a report needs. */
export interface ApplyReportParts {
  readonly outbox: OutboxStore;
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly transactions: Transactions;
  readonly notifier: Notifier;
  readonly tell: TellSender;
  readonly wordingVersion: string;
  readonly log: Logger;
}

/** Moves a text forward by what its carrier reports. Late, doubled and disordered reports do no harm. */
export class ApplyReport {
  readonly #parts: ApplyReportParts;

  constructor(parts: ApplyReportParts) {
    this.#parts = parts;
  }

  /** Commits the report together with what the room shows. False where no such text is known: the carrier should try again later. */
  async apply(carrier: string, report: DeliveryReport): Promise<boolean> {
    const { outbox, transactions, log } = this.#parts;
    const row = await this.#find(carrier, report);
    if (row === undefined) {
      log.warn('report.unknown-text', { carrier });
      return false;
    }
    await transactions.run(async () => {
      const before = await outbox.advance(row.id, report.state, {
        carrier,
        ...(report.failure && { failure: report.failure }),
      });
      if (before === undefined) return;
      if (report.state === 'failed') {
        await closeQuestion(this.#parts, row);
        await recordCarrierOptOut(this.#parts, row, report.failure);
        await this.#parts.tell.failed(row, FAILURE_TEXT[report.failure ?? 'other']);
      }
      if (report.state === 'delivered') await this.#showDelivered(row);
    });
    log.info('report.applied', { carrier, trace: row.trace, state: report.state });
    return true;
  }

  #find(carrier: string, { reference }: DeliveryReport): Promise<OutboxRow | undefined> {
    return 'outboxId' in reference
      ? this.#parts.outbox.find(reference.outboxId)
      : this.#parts.outbox.findByCarrierReference(carrier, reference.carrierReference);
  }

  async #showDelivered(row: OutboxRow): Promise<void> {
    if (row.eventId === undefined || row.roomId === undefined) return;
    const conversation = await this.#parts.conversations.find(row.conversationId);
    if (conversation === undefined) return;
    await this.#parts.notifier.showDelivered(row.roomId, conversation.contact.ghost, row.eventId, row.trace);
  }
}
