import { UserError } from '../errors.ts';
import type { ConsentMethod, ConsentState } from '../model/consent.ts';
import type { AddressId } from '../model/ids.ts';
import type { Conversation } from '../model/conversation.ts';
import type { Namespace } from '../model/namespace.ts';
import { maskPhoneNumber, type Country, type PhoneNumber } from '../model/phone-number.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Lines } from '../services/lines.ts';
import type { CheckIdentity } from '../services/check-identity.ts';
import { CONSENT_IN_WORDS } from '../services/open-conversation.ts';
import { defineCommand, type Command, type CommandCall, type Preview } from './command.ts';
import { optional, textParameter } from './parameters.ts';
import { targetOf, type PatientTarget } from './patient-target.ts';

/** What the command needs. */
export interface ConsentCommandParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly transactions: Transactions;
  readonly lines: Lines;
  readonly namespace: Namespace;
  readonly country: Country;
  readonly wordingVersion: string;
  /** Undefined: nobody is asked who they are. */
  readonly identity: CheckIdentity | undefined;
}

const USAGE = 'consent [<number>] show | record <verbal|paper> <what was said or signed> | revoke <reason>';
const ATTESTED: readonly ConsentMethod[] = ['verbal', 'paper'];

/** `consent <number> record|show|revoke`: what a member of staff attests. In a conversation room the number may be left out. */
export function consentCommand(parts: ConsentCommandParts): Command {
  return defineCommand({
    name: 'consent',
    usage: USAGE,
    permission: 'record-consent',
    where: 'command-or-conversation',
    effect: 'changes',
    summary: 'show, attest or revoke a patient’s consent to texts',
    details: 'In a patient’s room the number is optional. Only the patient can undo a STOP, by texting START.',
    parameters: { words: optional(textParameter('whose consent, and what to do', { maxLength: 2_000 })) },
    preview: (call, { words }) => preview(parts, call, words ?? ''),
    run: async (call, { words }) => ({ text: await run(parts, call, words ?? '') }),
  });
}

async function run(parts: ConsentCommandParts, call: CommandCall, typed: string): Promise<string> {
  const target = targetOf(parts, call, typed);
  const [, verb = '', words = ''] = /^(\S*)\s*(.*)$/s.exec(target.rest) ?? [];
  switch (verb.toLowerCase()) {
    case 'show':
      return show(parts, target.number);
    case 'record':
      return record(parts, call, target, words);
    case 'revoke':
      return revoke(parts, call, target, words);
    default:
      throw new UserError(`Say what to do: ${USAGE}`);
  }
}

async function show(parts: ConsentCommandParts, number: PhoneNumber): Promise<string> {
  const address = await parts.conversations.findAddress(number);
  const history = address ? await parts.consents.history(address.id) : [];
  const state = history.at(-1)?.state ?? 'none';
  const lines = history.map(
    (record) =>
      `${new Date(record.at).toISOString()}  ${record.state} (${record.method}, ${record.actor}, wording ${record.wordingVersion})`,
  );
  return [`${maskPhoneNumber(number)}: ${CONSENT_IN_WORDS[state]}`, ...lines].join('\n');
}

/** What `record` and `revoke` would write. */
async function preview(parts: ConsentCommandParts, call: CommandCall, typed: string): Promise<Preview> {
  const { number, rest } = targetOf(parts, call, typed);
  const [, verb = '', words = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  const who = maskPhoneNumber(number);
  const facts = { verb: verb.toLowerCase() };
  switch (verb.toLowerCase()) {
    case 'show':
      return { text: await show(parts, number), facts, isNothingToDo: true };
    case 'record':
      evidenceIn(words);
      await refuseAfterStop(parts, (await parts.conversations.findAddress(number))?.id);
      return { text: `Consent to texts of ${who} would be recorded.`, facts };
    case 'revoke':
      reasonIn(words);
      return { text: `Consent to texts of ${who} would be revoked. Only the patient could undo that.`, facts };
    default:
      throw new UserError(`Say what to do: ${USAGE}`);
  }
}

function evidenceIn(words: string): { method: ConsentMethod; evidence: string } {
  const [, typed = '', evidence = ''] = /^(\S*)\s*(.*)$/s.exec(words) ?? [];
  const method = ATTESTED.find((one) => one === typed.toLowerCase());
  if (method === undefined || evidence.trim() === '') {
    throw new UserError(
      'Not recorded: say how and what, e.g. `consent record verbal told of the risk on the phone, wants texts`.',
    );
  }
  return { method, evidence };
}

function reasonIn(words: string): string {
  if (words.trim() === '')
    throw new UserError('Not revoked: say why, e.g. `consent revoke asked on the phone not to be texted`.');
  return words;
}

async function refuseAfterStop({ consents }: ConsentCommandParts, address: AddressId | undefined): Promise<void> {
  const state = address && (await consents.latest(address))?.state;
  if (state === 'revoked') {
    throw new UserError(
      'Not recorded: the patient opted out (STOP). Only the patient can undo that, by texting START.',
    );
  }
}

async function record(
  parts: ConsentCommandParts,
  call: CommandCall,
  target: PatientTarget,
  words: string,
): Promise<string> {
  const { method, evidence } = evidenceIn(words);
  const conversation = await target.conversation();
  await parts.transactions.run(async () => {
    await refuseAfterStop(parts, conversation.address.id);
    await append(parts, call, conversation, 'granted', method, evidence);
  });
  const next = await parts.identity?.next(conversation, { cause: `event:${call.eventId}`, trace: call.trace });
  return `Recorded: consent to texts is granted. ${next ?? 'You can write in the patient’s room.'}`;
}

async function revoke(
  parts: ConsentCommandParts,
  call: CommandCall,
  target: PatientTarget,
  reason: string,
): Promise<string> {
  const words = reasonIn(reason);
  await append(parts, call, await target.conversation(), 'revoked', 'verbal', words);
  return 'Revoked: nothing more will be sent. Only the patient can undo that, by texting START.';
}

async function append(
  parts: ConsentCommandParts,
  call: CommandCall,
  { contact, address }: Conversation,
  state: ConsentState,
  method: ConsentMethod,
  evidence: string,
): Promise<void> {
  await parts.consents.append({
    contactId: contact.id,
    addressId: address.id,
    state,
    method,
    wordingVersion: parts.wordingVersion,
    evidence,
    cause: `event:${call.eventId}`,
    actor: call.sender,
    at: Date.now(),
  });
}
