import type { FindAccount } from '../services/find-account.ts';
import { nameOf } from '../services/list-devices.ts';
import type { SuspendAccount } from '../services/suspend-account.ts';
import { accountParameter, answerOf, requestOf, resolveAccount, SECOND_PERSON_AGREES } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter } from './parameters.ts';

/** What the command needs. */
export interface SuspendCommandParts {
  readonly findAccount: FindAccount;
  readonly suspendAccount: SuspendAccount;
  readonly prefix: string;
}

/** `suspend @user`: the user reads and does not write. */
export function suspendCommand({ findAccount, suspendAccount, prefix }: SuspendCommandParts): Command {
  return defineCommand({
    name: 'suspend',
    summary: 'let a user read but not write, until `unlock`; not for a stolen device',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'destroys',
    parameters: { user: accountParameter('whose account'), reason: optional(reasonParameter('why')) },
    preview: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      const { account, devices, warnings } = await suspendAccount.look({ actor: call.sender, target });
      const name = nameOf(target, account.displayName);
      if (account.isSuspended === true)
        return { text: `${name} is suspended already.`, facts: { user: target }, isNothingToDo: true };
      const text = [
        `Suspends ${name}${devices}: they can log in and read, but not write.`,
        ...warnings,
        ...(account.isAdmin === true ? [SECOND_PERSON_AGREES] : []),
      ].join('\n');
      return { text, facts: { user: target } };
    },
    run: async (call, { user, reason }) => {
      const target = await resolveAccount(findAccount, user, call);
      const result = await suspendAccount.run(requestOf(call, target, reason));
      const answer = answerOf(
        result.outcome === 'done' ? `${target} is suspended.` : `${target} is not known to be suspended.`,
        result,
        target,
      );
      return { ...answer, text: `${answer.text}\nTo undo: ${prefix} unlock ${target}` };
    },
  });
}
