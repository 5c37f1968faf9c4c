import { ConfigError, PermanentError, RetryableError, UserError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { RoleId } from '../../model/role.ts';
import { GiveRole } from '../../services/give-role.ts';
import type { AdminPart } from './admin-part.ts';
import type { Host } from './host.ts';

/** `carebridge admin give-role`: also where nobody is left who could do it in a room. */
export const giveRole: AdminPart = {
  name: 'give-role',
  words: ['ROLE'],
  summary: ['gives a user a role, e.g. administrator; the homeserver need not be there'],

  async run({ host, request, words }) {
    const { target: user, actor, trace, reason, ticket } = request;
    // Looked at before: a role for a mistyped name helps nobody.
    const account = await accountInWords(host, user);
    const role = (words[0] ?? '') as RoleId;
    const { outcome, message } = await new GiveRole({ ...host.storage, policy: host.policy }).runOnHost(
      { actor, user, role },
      { trace, reason, ticket },
    );
    if (outcome === 'refused') return { outcome: 'refused', text: message };
    const follow = 'The running bridge follows within seconds, and invites them to the rooms of the role.';
    return { outcome: 'done', text: [message, follow, ...account].join('\n') };
  },
};

/** What the role alone does not mend. Throws UserError where the homeserver says that there is no such account. */
async function accountInWords(host: Host, user: UserId): Promise<string[]> {
  let account;
  try {
    account = await host.accounts().find(user);
  } catch (error) {
    const isTold = [RetryableError, PermanentError, UserError, ConfigError].some((kind) => error instanceof kind);
    if (!isTold) throw error;
    return [`Whether there is such an account, and whether it is locked, is not known. ${(error as Error).message}`];
  }
  if (account === undefined) throw new UserError(`There is no account ${user}. Nothing was done.`);
  if (account.isDeactivated === true) return ['The account is deactivated: nobody can log in to it.'];
  const isShut = account.isLocked === true || account.isSuspended === true;
  return isShut ? [`The account is locked or suspended: carebridge admin unlock ${user}`] : [];
}
