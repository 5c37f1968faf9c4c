import { UserError } from '../errors.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Lines } from '../services/lines.ts';
import { CONSENT_IN_WORDS, type OpenConversation } from '../services/open-conversation.ts';
import type { SendAutomatic } from '../services/send-automatic.ts';
import type { Command, CommandCall } from './command.ts';
import { takePhoneNumber } from './phone-argument.ts';

/** What the command needs. */
export interface TextCommandParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly opener: OpenConversation;
  readonly automatic: SendAutomatic;
  readonly lines: Lines;
  readonly namespace: Namespace;
  readonly country: string;
}

const MAX_NAME_LENGTH = 100;
const LINE_OPTION = /(?:^|\s)--line[= ](\S+)/;

/** `text <number> [name]`: opens the conversation and asks the patient for consent. */
export function textCommand(parts: TextCommandParts): Command {
  return {
    name: 'text',
    usage: 'text <number> [name] [--line <line>]',
    summary: 'open the room of a patient and, the first time, ask for consent',
    permission: 'team',
    run: (call) => run(parts, call),
  };
}

async function run(parts: TextCommandParts, call: CommandCall): Promise<string> {
  const { conversations, consents, opener, automatic, lines, namespace } = parts;
  const mine = lines.ofMember(call.sender);
  const wanted = LINE_OPTION.exec(call.args)?.[1];
  const line = wanted === undefined ? mine[0] : mine.find(({ id }) => id === wanted);
  if (line === undefined)
    throw new UserError(`You are not in the team of that line. Your lines: ${mine.map(({ id }) => id).join(', ')}.`);
  const { number, rest: name } = takePhoneNumber(call.args.replace(LINE_OPTION, '').trim(), parts.country as never);
  if (lines.all.some((own: { number: PhoneNumber }) => own.number === number)) {
    throw new UserError('That is one of our own numbers. Nothing was done.');
  }
  if (name.length > MAX_NAME_LENGTH)
    throw new UserError(`The name is too long: at most ${MAX_NAME_LENGTH} characters.`);

  const conversation = await conversations.findOrCreate(line.id, number, () => newGhost(namespace));
  if (name !== '') await conversations.setName(conversation.contact, name);
  const roomId = await opener.room(conversation);
  await opener.admit(roomId, call.sender);
  const link = `https://matrix.to/#/${encodeURIComponent(roomId)}`;
  const state = (await consents.latest(conversation.address.id))?.state ?? 'none';
  if (state !== 'none') return `The room is ${link}. Consent to texts: ${CONSENT_IN_WORDS[state]}`;
  await automatic.send(conversation, 'warning', `event:${call.eventId}`, call.trace);
  return `The room is ${link}. The patient is being asked for consent; write there once the patient has answered YES.`;
}
