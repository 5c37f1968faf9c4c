import { UserError } from '../errors.ts';
import type { FindAccount } from '../services/find-account.ts';
import { nameOf } from '../services/list-devices.ts';
import type { UnlockAccount } from '../services/unlock-account.ts';
import { accountParameter, answerOf, isExact, requestOf, resolveAccount } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter } from './parameters.ts';

/** What the command needs. */
export interface UnlockCommandParts {
  readonly findAccount: FindAccount;
  readonly unlockAccount: UnlockAccount;
}

/** `unlock @user`: undoes `lock` and `suspend`. */
export function unlockCommand({ findAccount, unlockAccount }: UnlockCommandParts): Command {
  return defineCommand({
    name: 'unlock',
    summary: 'undo `lock` and `suspend`: the account is as it was before',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'changes',
    parameters: { user: accountParameter('whose account'), reason: optional(reasonParameter('why')) },
    preview: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      const { account, state } = await unlockAccount.look({ actor: call.sender, target });
      const was = `${state?.wasLocked === true ? 'locked' : 'not locked'}, ${state?.wasSuspended === true ? 'suspended' : 'not suspended'}`;
      const text = `${nameOf(target, account.displayName)} would be ${was} again.`;
      return {
        text,
        facts: { user: target, locked: state?.wasLocked ?? false, suspended: state?.wasSuspended ?? null },
      };
    },
    run: async (call, { user, reason }) => {
      const target = await resolveAccount(findAccount, user, call);
      // A part of a name may fit somebody else, and nobody is asked.
      if (user !== undefined && !isExact(user))
        throw new UserError(
          `Nothing was done: a name may fit somebody else, and \`unlock\` does not ask back. Write the user id: ${target}`,
        );
      const result = await unlockAccount.run(requestOf(call, target, reason));
      const head =
        result.outcome === 'done' ? `${target} is unlocked.` : `${target} is not as before, as far as can be seen.`;
      return answerOf(head, result, target);
    },
  });
}
