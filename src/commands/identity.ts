import { UserError } from '../errors.ts';
import { maskPhoneNumber } from '../model/phone-number.ts';
import type { IdentityStore } from '../ports/identity-store.ts';
import type { CheckIdentity } from '../services/check-identity.ts';
import { NO_IDENTITY_CHECK, readBirthDate } from './birth-date-argument.ts';
import { defineCommand, type Command, type CommandCall, type Preview } from './command.ts';
import { optional, textParameter } from './parameters.ts';
import { targetOf, type PatientTarget, type PatientTargetParts } from './patient-target.ts';

/** What the command needs. */
export interface IdentityCommandParts extends PatientTargetParts {
  readonly identities: Pick<IdentityStore, 'history'>;
  /** Undefined: nobody is asked who they are. */
  readonly identity: CheckIdentity | undefined;
}

const USAGE = 'identity [<number>] show | born <1980-03-02> | ask | attest <how you know who it is>';

/** `identity <number> show|born|ask|attest`: who answers at a patient's number (G3). In a conversation room the number may be left out. */
export function identityCommand(parts: IdentityCommandParts): Command {
  return defineCommand({
    name: 'identity',
    usage: USAGE,
    permission: 'record-consent',
    where: 'command-or-conversation',
    effect: 'changes',
    summary: 'show, ask or attest whether whoever answers at a number is the patient',
    details:
      'If `consent.identity_check` is `date-of-birth`, nothing is sent to a number until its owner has given the recorded date of birth. In a patient’s room the number is optional.',
    parameters: { words: optional(textParameter('whose identity, and what to do', { maxLength: 2_000 })) },
    preview: (call, { words }) => preview(parts, call, words ?? ''),
    run: async (call, { words }) => ({ text: await run(parts, call, words ?? '') }),
  });
}

/** What is to be done, with everything that can be wrong with it looked at. */
type Step =
  | { readonly verb: 'show' | 'ask' }
  | { readonly verb: 'born'; readonly date: ReturnType<typeof readBirthDate> }
  | { readonly verb: 'attest'; readonly how: string };

function stepOf({ rest }: PatientTarget): Step {
  const [, typed = '', words = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  const verb = typed.toLowerCase();
  switch (verb) {
    case 'show':
    case 'ask':
      return { verb };
    case 'born':
      return { verb, date: readBirthDate(words.trim()) };
    case 'attest':
      if (words.trim() === '')
        throw new UserError(
          'Not recorded: say how you know, e.g. `identity attest showed an identity card at the desk`.',
        );
      return { verb, how: words };
    default:
      throw new UserError(`Say what to do: ${USAGE}`);
  }
}

async function run(parts: IdentityCommandParts, call: CommandCall, typed: string): Promise<string> {
  const target = targetOf(parts, call, typed);
  const step = stepOf(target);
  const { identity } = parts;
  if (identity === undefined) throw new UserError(NO_IDENTITY_CHECK);
  if (step.verb === 'show') return show(parts, identity, target);
  const conversation = await target.conversation();
  const cause = `event:${call.eventId}`;
  switch (step.verb) {
    case 'born':
      await identity.setBirthDate(conversation, step.date, call.sender, cause);
      return `Recorded. ${await identity.next(conversation, { cause, trace: call.trace })}`;
    case 'attest':
      await identity.attest(conversation, step.how, call.sender, cause);
      return 'Recorded: you know who answers there. What you write in the room is sent if texts were agreed to.';
    case 'ask':
      return ask(identity, conversation, { cause, trace: call.trace });
  }
}

async function ask(
  identity: CheckIdentity,
  ...[conversation, step]: Parameters<CheckIdentity['ask']>
): Promise<string> {
  const standing = await identity.standing(conversation);
  if (standing !== 'asked') return identity.next(conversation, step);
  await identity.ask(conversation, step);
  return 'The patient is asked again.';
}

async function preview(parts: IdentityCommandParts, call: CommandCall, typed: string): Promise<Preview> {
  const target = targetOf(parts, call, typed);
  const step = stepOf(target);
  const { identity } = parts;
  if (identity === undefined) throw new UserError(NO_IDENTITY_CHECK);
  const who = maskPhoneNumber(target.number);
  const facts = { verb: step.verb };
  const text = {
    born: `The date of birth of ${who} would be recorded, and the patient asked for it if texts were agreed to.`,
    attest: `It would be recorded that you know who answers at ${who}.`,
    ask: `${who} would be asked for the date of birth, if that is due.`,
  };
  return step.verb === 'show'
    ? { text: await show(parts, identity, target), facts, isNothingToDo: true }
    : { text: text[step.verb], facts };
}

async function show(
  { conversations, identities }: IdentityCommandParts,
  identity: CheckIdentity,
  { number }: PatientTarget,
): Promise<string> {
  const address = await conversations.findAddress(number);
  const [conversation] = address ? await conversations.findByAddress(address.id) : [];
  const history = address ? await identities.history(address.id) : [];
  const lines = history.map(
    ({ at, state, failures, method, actor, wordingVersion }) =>
      `${new Date(at).toISOString()}  ${state}${failures > 0 ? `, ${failures} wrong` : ''} (${method}, ${actor}, wording ${wordingVersion})`,
  );
  return [`${maskPhoneNumber(number)}: ${await identity.describe(conversation)}`, ...lines].join('\n');
}
