/** How a command says whose account it is about, and what the account commands have in common. */
import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { AccountResult, RoomRequest } from '../services/act-on-account.ts';
import type { FindAccount } from '../services/find-account.ts';
import type { Answer, CommandCall } from './command.ts';
import { optional, type Parameter } from './parameters.ts';
import type { ReadContext } from './read-context.ts';
import { readUser } from './user-argument.ts';

/** A user id, or `"` and what was typed between quotes: a display name. */
export type TypedAccount = string;

const QUOTED = /^(?:"([^"]*)"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»)\s*(.*)$/su;
const MAX_NAME_LENGTH = 100;

/** Whom it is about: a user id, a display name in quotes, or nobody where the command replies to a message of that person. */
export function accountParameter(about: string): Parameter<TypedAccount | undefined> {
  return optional({
    about,
    form: '@name:server, or "Display Name", or a reply to their message',
    isOptional: false,
    takesRest: false,
    auditedAs: 'target' as const,
    read: async (line: string, { policy }: ReadContext) => {
      const quoted = QUOTED.exec(line);
      if (quoted) {
        const name =
          quoted
            .slice(1, 5)
            .find((part) => part !== undefined)
            ?.trim() ?? '';
        if (name === '' || name.length > MAX_NAME_LENGTH)
          throw new UserError('There is no name between the quotes. Nothing was done.');
        return { value: `"${name}`, rest: quoted[5] ?? '' };
      }
      const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/su.exec(line) ?? [];
      return { value: readUser(word, policy.namespace, 'own'), rest };
    },
  });
}

/** Whether the user was named in full: only then may something be done without asking back. */
export function isExact(typed: TypedAccount | undefined): boolean {
  return typed?.startsWith('@') === true;
}

/** The account that was meant, and no other. Throws UserError where it is not exactly one. */
export async function resolveAccount(
  finder: FindAccount,
  typed: TypedAccount | undefined,
  call: CommandCall,
): Promise<UserId> {
  if (typed?.startsWith('@') === true) return typed as UserId;
  if (typed !== undefined) return finder.find({ by: 'name', name: typed.slice(1) });
  if (call.repliesTo === undefined) {
    throw new UserError(
      'Nothing was done: say whose account, e.g. `@lee:hospital.example`, or reply to a message of theirs.',
    );
  }
  return finder.find({ by: 'reply', roomId: call.room.roomId, eventId: call.repliesTo });
}

/** What the services are asked, from a command. */
export function requestOf(call: CommandCall, target: UserId, reason: string | undefined): RoomRequest {
  const { sender: actor, eventId, trace, ticket, confirmedBy, isRepeat } = call;
  return { actor, target, eventId, trace, reason, ticket, confirmedBy, isRepeat };
}

/** What a service did, as an answer. The service keeps its own audit entries. */
export function answerOf(head: string, { outcome, text, after }: AccountResult, target: UserId): Answer {
  return { text: `${head}\n${text}`, outcome, data: { user: target, outcome, after }, audit: { target } };
}

/** What is shown of an account for which one person is not enough (A9). */
export const SECOND_PERSON_AGREES =
  'They administer the homeserver: somebody other than you must confirm, typed, with the code below.';

/** What is asked once a session was ended: whoever has the password can sign in anew (D1). */
export function lockNext(target: UserId): NonNullable<Answer['next']> {
  return {
    line: `lock ${target}`,
    ask: 'Lock the account as well? Whoever knows the password can still sign in again.',
  };
}
