import type { FailureReason } from '../model/delivery.ts';
import type { OutboxRow } from '../model/rows.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';

/** What keeping our list in step with the carrier's needs. */
export interface CarrierOptOutParts {
  readonly consents: ConsentStore;
  readonly conversations: ConversationStore;
  readonly wordingVersion: string;
}

/**
 * Carriers keep block lists of their own, on which a STOP may be that never came to us: what one refuses for that reason is revoked with us too, on
 * every line (K6). To be called inside the transaction that ends the text. Does nothing for other reasons, or where it is revoked already.
 */
export async function recordCarrierOptOut(
  parts: CarrierOptOutParts,
  row: OutboxRow,
  failure: FailureReason | undefined,
): Promise<void> {
  if (failure !== 'opted-out') return;
  const conversation = await parts.conversations.find(row.conversationId);
  if (conversation === undefined) return;
  const { contact, address } = conversation;
  if ((await parts.consents.latest(address.id))?.state === 'revoked') return;
  await parts.consents.append({
    contactId: contact.id,
    addressId: address.id,
    state: 'revoked',
    method: 'carrier',
    wordingVersion: parts.wordingVersion,
    evidence: 'the carrier refused a text because the patient opted out with it',
    cause: `outbox:${row.id}:opted-out`,
    actor: 'carrier',
    at: Date.now(),
  });
}
