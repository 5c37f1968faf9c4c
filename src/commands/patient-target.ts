import { UserError } from '../errors.ts';
import type { Conversation } from '../model/conversation.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { Country, PhoneNumber } from '../model/phone-number.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Lines } from '../services/lines.ts';
import type { CommandCall } from './command.ts';
import { linesOf } from './lines-of.ts';
import { takePhoneNumber } from './phone-argument.ts';

/** What finding the patient needs. */
export interface PatientTargetParts {
  readonly conversations: ConversationStore;
  readonly lines: Lines;
  readonly namespace: Namespace;
  readonly country: Country;
}

/** Whom a command is about. A contact is made of a new number only where something is to be recorded. */
export interface PatientTarget {
  readonly number: PhoneNumber;
  readonly conversation: () => Promise<Conversation>;
  /** What was typed after it. */
  readonly rest: string;
}

/**
 * The patient whose number `typed` begins with, or whose room it is typed in. Throws UserError where there is no full number, and to whoever is not of
 * the team.
 */
export function targetOf(parts: PatientTargetParts, call: CommandCall, typed: string): PatientTarget {
  const mine = linesOf(parts.lines, call.sender).map(({ id }) => id);
  const here = call.room.conversation;
  if (here !== undefined && /^[a-z]/i.test(typed)) {
    if (!mine.includes(here.lineId)) throw new UserError('Refused: only the team of this line may do this.');
    return { number: here.address.number, conversation: async () => here, rest: typed };
  }
  const { number, rest } = takePhoneNumber(typed, parts.country);
  return { number, conversation: () => conversationOf(parts, mine, number), rest };
}

async function conversationOf(
  parts: PatientTargetParts,
  mine: readonly Conversation['lineId'][],
  number: PhoneNumber,
): Promise<Conversation> {
  const { conversations, namespace } = parts;
  const address = await conversations.findAddress(number);
  const known = address ? await conversations.findByAddress(address.id) : [];
  const ours = known.find(({ lineId }) => mine.includes(lineId));
  if (ours) return ours;
  const [line] = mine;
  if (line === undefined) throw new UserError('Refused: you are in no line’s team.');
  return conversations.findOrCreate(line, number, () => newGhost(namespace));
}
