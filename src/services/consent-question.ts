import type { ConsentRecord } from '../model/consent.ts';
import { newOpaqueId } from '../model/ids.ts';
import type { OutboxRow } from '../model/rows.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';

/** What opening and closing the question needs. */
export interface ConsentQuestionParts {
  readonly consents: ConsentStore;
  readonly conversations: ConversationStore;
}

/** True where `record` says that the warning `row` was handed over and nothing was answered since. */
export function isQuestionOf(row: OutboxRow, record: ConsentRecord): boolean {
  return record.state === 'warned' && record.cause.startsWith(`outbox:${row.id}:`);
}

/** Records that the warning is on its way: from now on YES and NO are its answers. Does nothing for other texts. */
export async function openQuestion(
  parts: ConsentQuestionParts & { readonly wordingVersion: string },
  row: OutboxRow,
): Promise<void> {
  if (row.kind !== 'warning') return;
  const { conversation, latest } = await lookUp(parts, row);
  if (conversation === undefined || (latest && isQuestionOf(row, latest))) return;
  await parts.consents.append({
    contactId: conversation.contact.id,
    addressId: conversation.address.id,
    state: 'warned',
    method: 'sms',
    wordingVersion: parts.wordingVersion,
    evidence: row.body,
    cause: `outbox:${row.id}:${newOpaqueId(8)}`,
    actor: 'carebridge',
    at: Date.now(),
  });
}

/**
 * Takes the question back where the warning certainly did not reach the patient: nobody was warned, so a YES would be no consent, and the team
 * can ask again. Does nothing for other texts, or where the question was answered.
 */
export async function closeQuestion(parts: ConsentQuestionParts, row: OutboxRow): Promise<void> {
  if (row.kind !== 'warning') return;
  const { latest } = await lookUp(parts, row);
  if (latest === undefined || !isQuestionOf(row, latest)) return;
  const { id: _, ...question } = latest;
  await parts.consents.append({
    ...question,
    state: 'none',
    evidence: 'the warning did not reach the patient',
    cause: `${latest.cause}:not-sent`,
    at: Date.now(),
  });
}

async function lookUp({ consents, conversations }: ConsentQuestionParts, row: OutboxRow) {
  const conversation = await conversations.find(row.conversationId);
  return { conversation, latest: conversation && (await consents.latest(conversation.address.id)) };
}
