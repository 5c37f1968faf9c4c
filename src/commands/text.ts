import { UserError } from '../errors.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { BirthDate } from '../model/identity.ts';
import { maskPhoneNumber, type PhoneNumber } from '../model/phone-number.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Line, Lines } from '../services/lines.ts';
import { CONSENT_IN_WORDS, type OpenConversation } from '../services/open-conversation.ts';
import type { CheckIdentity } from '../services/check-identity.ts';
import type { SendAutomatic } from '../services/send-automatic.ts';
import { NO_IDENTITY_CHECK } from './birth-date-argument.ts';
import { defineCommand, type Answer, type Command, type CommandCall, type Preview } from './command.ts';
import { linesOf } from './lines-of.ts';
import { birthDateParameter, optional, phoneParameter, textParameter, wordParameter } from './parameters.ts';

/** What the command needs. */
export interface TextCommandParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly opener: OpenConversation;
  readonly automatic: SendAutomatic;
  readonly lines: Lines;
  readonly namespace: Namespace;
  /** Undefined: nobody is asked who they are. */
  readonly identity: CheckIdentity | undefined;
}

/** What was typed. */
interface TextArguments {
  readonly number: PhoneNumber;
  readonly name: string | undefined;
  readonly line: string | undefined;
  readonly born: BirthDate | undefined;
}

const MAX_NAME_LENGTH = 100;

/** `text <number> [name]`: opens the conversation and asks the patient for consent. */
export function textCommand(parts: TextCommandParts): Command {
  return defineCommand({
    name: 'text',
    permission: 'text-patients',
    where: 'command-or-conversation',
    effect: 'changes',
    summary: 'open a patient’s room and, the first time, ask for consent',
    details: 'Example: `text (212) 555-0123 Maria`. Only members of a line’s team can text from it.',
    parameters: { number: phoneParameter('the patient’s number'), name: optional(textParameter('the patient’s name')) },
    options: {
      line: wordParameter('the line to text from, if you are in several teams', { form: 'a line’s id' }),
      born: birthDateParameter('the patient’s date of birth, if patients are asked for it'),
    },
    preview: (call, args) => preview(parts, call, args),
    run: (call, args) => run(parts, call, args),
  });
}

async function run(parts: TextCommandParts, call: CommandCall, args: TextArguments): Promise<Answer> {
  const { conversations, consents, opener, automatic, namespace } = parts;
  const line = lineFor(parts, call, args);
  const { number, name } = args;
  const conversation = await conversations.findOrCreate(line.id, number, () => newGhost(namespace));
  if (name !== undefined) await conversations.setName(conversation.contact, name);
  const step = { cause: `event:${call.eventId}`, trace: call.trace };
  if (args.born !== undefined) await parts.identity?.setBirthDate(conversation, args.born, call.sender, step.cause);
  const roomId = await opener.room(conversation);
  await opener.admit(roomId, call.sender);
  const link = `https://matrix.to/#/${encodeURIComponent(roomId)}`;
  const state = (await consents.latest(conversation.address.id))?.state ?? 'none';
  const about = {
    data: { roomId, line: line.id, consent: state },
    audit: { target: conversation.id, details: { line: line.id } },
  };
  if (state !== 'none') {
    const next = state === 'granted' && parts.identity ? ` ${await parts.identity.next(conversation, step)}` : '';
    return { ...about, text: `The room is ${link}. Consent to texts: ${CONSENT_IN_WORDS[state]}${next}` };
  }
  await automatic.send(conversation, 'warning', step.cause, step.trace);
  return {
    ...about,
    text: `The room is ${link}. The patient is being asked for consent; write there once the patient has answered YES.`,
  };
}

async function preview(parts: TextCommandParts, call: CommandCall, args: TextArguments): Promise<Preview> {
  const { id } = lineFor(parts, call, args);
  const address = await parts.conversations.findAddress(args.number);
  const state = (address && (await parts.consents.latest(address.id)))?.state ?? 'none';
  const asks =
    state === 'none' ? 'The patient would be asked for consent.' : `Consent to texts: ${CONSENT_IN_WORDS[state]}`;
  return {
    text: `The room of ${maskPhoneNumber(args.number)} on line ${id} would be opened. ${asks}`,
    facts: { line: id, consent: state },
  };
}

/** The line to text from. Throws UserError where the sender or something that was typed does not do. */
function lineFor(
  { lines, identity }: TextCommandParts,
  { sender }: CommandCall,
  { number, name, line: wanted, born }: TextArguments,
): Line {
  const mine = linesOf(lines, sender);
  const line = wanted === undefined ? mine[0] : mine.find(({ id }) => id === wanted);
  if (line === undefined)
    throw new UserError(`You are not in the team of that line. Your lines: ${mine.map(({ id }) => id).join(', ')}.`);
  if (lines.all.some((own) => own.number === number)) {
    throw new UserError('That is one of our own numbers. Nothing was done.');
  }
  if (name !== undefined && name.length > MAX_NAME_LENGTH)
    throw new UserError(`The name is too long: at most ${MAX_NAME_LENGTH} characters.`);
  if (born !== undefined && identity === undefined) throw new UserError(NO_IDENTITY_CHECK);
  return line;
}
