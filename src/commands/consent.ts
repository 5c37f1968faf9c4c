import { UserError } from '../errors.ts';
import type { ConsentMethod, ConsentState } from '../model/consent.ts';
import type { Conversation } from '../model/conversation.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import { maskPhoneNumber, type PhoneNumber } from '../model/phone-number.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Lines } from '../services/lines.ts';
import { CONSENT_IN_WORDS } from '../services/open-conversation.ts';
import type { Command, CommandCall } from './command.ts';
import { takePhoneNumber } from './phone-argument.ts';

/** What the command needs. */
export interface ConsentCommandParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly transactions: Transactions;
  readonly lines: Lines;
  readonly namespace: Namespace;
  readonly country: string;
  readonly wordingVersion: string;
}

const USAGE = 'consent [<number>] show | record <verbal|paper> <what was said or signed> | revoke <reason>';
const ATTESTED: readonly ConsentMethod[] = ['verbal', 'paper'];

/** `consent <number> record|show|revoke`: what a member of staff attests. In a conversation room the number may be left out. */
export function consentCommand(parts: ConsentCommandParts): Command {
  return {
    name: 'consent',
    usage: USAGE,
    summary: 'show, attest or revoke a patient’s consent to texts',
    permission: 'team',
    run: (call) => run(parts, call),
  };
}

/** Whose consent it is about. A contact is made of a new number only where something is to be recorded. */
interface Target {
  readonly number: PhoneNumber;
  readonly conversation: () => Promise<Conversation>;
  readonly rest: string;
}

async function run(parts: ConsentCommandParts, call: CommandCall): Promise<string> {
  const target = targetOf(parts, call);
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

function targetOf(parts: ConsentCommandParts, call: CommandCall): Target {
  const mine = parts.lines.ofMember(call.sender).map(({ id }) => id);
  const here = call.room.conversation;
  if (here !== undefined && /^[a-z]/i.test(call.args)) {
    if (!mine.includes(here.lineId)) throw new UserError('Refused: only the team of this line may do this.');
    return { number: here.address.number, conversation: async () => here, rest: call.args };
  }
  const { number, rest } = takePhoneNumber(call.args, parts.country as never);
  return { number, conversation: () => conversationOf(parts, mine, number), rest };
}

async function conversationOf(
  parts: ConsentCommandParts,
  mine: readonly Conversation['lineId'][],
  number: PhoneNumber,
) {
  const { conversations, namespace } = parts;
  const address = await conversations.findAddress(number);
  const known = address ? await conversations.findByAddress(address.id) : [];
  const ours = known.find(({ lineId }) => mine.includes(lineId));
  if (ours) return ours;
  const [line] = mine;
  if (line === undefined) throw new UserError('Refused: you are in no line’s team.');
  return conversations.findOrCreate(line, number, () => newGhost(namespace));
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

async function record(parts: ConsentCommandParts, call: CommandCall, target: Target, words: string): Promise<string> {
  const [, typed = '', evidence = ''] = /^(\S*)\s*(.*)$/s.exec(words) ?? [];
  const method = typed.toLowerCase();
  if (!ATTESTED.includes(method as ConsentMethod) || evidence.trim() === '') {
    throw new UserError(
      'Not recorded: say how and what, e.g. `consent record verbal told of the risk on the phone, wants texts`.',
    );
  }
  const conversation = await target.conversation();
  await parts.transactions.run(async () => {
    const state = (await parts.consents.latest(conversation.address.id))?.state;
    if (state === 'revoked') {
      throw new UserError(
        'Not recorded: the patient opted out (STOP). Only the patient can undo that, by texting START.',
      );
    }
    await append(parts, call, conversation, 'granted', method as ConsentMethod, evidence);
  });
  return 'Recorded: consent to texts is granted. You can write in the patient’s room.';
}

async function revoke(parts: ConsentCommandParts, call: CommandCall, target: Target, reason: string): Promise<string> {
  if (reason.trim() === '')
    throw new UserError('Not revoked: say why, e.g. `consent revoke asked on the phone not to be texted`.');
  await append(parts, call, await target.conversation(), 'revoked', 'verbal', reason);
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
