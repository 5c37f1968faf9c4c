import type { FindAccount } from '../services/find-account.ts';
import { nameOf } from '../services/list-devices.ts';
import type { ReactivateAccount } from '../services/reactivate-account.ts';
import { accountParameter, answerOf, requestOf, resolveAccount } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter } from './parameters.ts';

/** What the command needs. */
export interface ReactivateCommandParts {
  readonly findAccount: FindAccount;
  readonly reactivateAccount: ReactivateAccount;
  readonly prefix: string;
}

/** `reactivate @user`: somebody who left comes back. */
export function reactivateCommand({ findAccount, reactivateAccount, prefix }: ReactivateCommandParts): Command {
  return defineCommand({
    name: 'reactivate',
    summary: 'take back somebody who was offboarded; roles must be given again',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'destroys',
    parameters: { user: accountParameter('who comes back'), reason: optional(reasonParameter('why')) },
    preview: async (call, { user }) => {
      const target = await resolveAccount(findAccount, user, call);
      const { account, state } = await reactivateAccount.look({ actor: call.sender, target });
      const lines = state?.absence === 'gone' ? ' Their lines count on them again.' : '';
      return {
        text: `Takes ${nameOf(target, account.displayName)} back: active and unlocked.${lines} No role is given.`,
        facts: { user: target, locked: account.isLocked ?? null, deactivated: account.isDeactivated ?? null },
      };
    },
    run: async (call, { user, reason }) => {
      const target = await resolveAccount(findAccount, user, call);
      const result = await reactivateAccount.run(requestOf(call, target, reason));
      const answer = answerOf(
        result.outcome === 'done' ? `${target} is back.` : `${target} is not back completely.`,
        result,
        target,
      );
      return { ...answer, text: `${answer.text}\nTo give a role: ${prefix} role give ${target} <role>` };
    },
  });
}
