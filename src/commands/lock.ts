import type { FindAccount } from '../services/find-account.ts';
import { nameOf } from '../services/list-devices.ts';
import { lockedInWords, type LockAccount } from '../services/lock-account.ts';
import { accountParameter, answerOf, requestOf, resolveAccount, SECOND_PERSON_AGREES } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { flag, optional, reasonParameter } from './parameters.ts';

/** What the command needs. */
export interface LockCommandParts {
  readonly findAccount: FindAccount;
  readonly lockAccount: LockAccount;
  readonly prefix: string;
}

/** `lock @user`: keeps the user out. */
export function lockCommand({ findAccount, lockAccount, prefix }: LockCommandParts): Command {
  return defineCommand({
    name: 'lock',
    summary: 'lock an account: nobody gets in until `unlock`; lines skip the user',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'destroys',
    parameters: { user: accountParameter('whose account'), reason: optional(reasonParameter('why')) },
    options: { 'end-sessions': flag('end all sessions as well') },
    preview: async (call, { user, 'end-sessions': endSessions }) => {
      const target = await resolveAccount(findAccount, user, call);
      const { account, devices, warnings } = await lockAccount.look({ actor: call.sender, target });
      if (account.isLocked === true && !endSessions) {
        return {
          text: `${nameOf(target, account.displayName)} is locked already.`,
          facts: { user: target },
          isNothingToDo: true,
        };
      }
      const text = [
        `Locks ${nameOf(target, account.displayName)}${devices}${endSessions ? ' and ends all sessions' : ''}.`,
        ...warnings,
        ...(account.isAdmin === true ? [SECOND_PERSON_AGREES] : []),
      ].join('\n');
      return { text, facts: { user: target, endSessions, locked: account.isLocked ?? null } };
    },
    run: async (call, { user, reason, 'end-sessions': endSessions }) => {
      const target = await resolveAccount(findAccount, user, call);
      const result = await lockAccount.run(requestOf(call, target, reason), { endSessions });
      const answer = answerOf(lockedInWords(target, result.outcome), result, target);
      return { ...answer, text: `${answer.text}\nTo undo: ${prefix} unlock ${target}` };
    },
  });
}
