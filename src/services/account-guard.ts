/** Whose account may be acted on (A9), and that nobody who manages accounts is sent away last. */
import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import {
  refuseTarget,
  type AccountAction,
  type AccountStanding,
  type AccountTarget,
  type TargetRefusal,
} from '../policy/account-target.ts';
import { isPermitted } from '../policy/permissions.ts';
import type { Account } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import type { AccountRequest, AccountServiceParts } from './act-on-account.ts';
import { orSayWhatLives } from './say-what-lives.ts';

/** The account, where it may be acted on (A9). Throws UserError where not, PermanentError where MAS is away. For a preview `isPreview`: the second person comes later. */
export async function requireTarget(
  parts: AccountServiceParts,
  action: AccountAction,
  request: Pick<AccountRequest, 'actor' | 'confirmedBy' | 'target'>,
  isPreview = false,
): Promise<Account> {
  const { accounts, protectedUsers } = parts;
  const { actor, target, confirmedBy } = request;
  const { namespace } = await parts.policy.current();
  const managers = present(await managersOf(parts), await parts.accountStates.current());
  const standing = await standingOf(parts, target);
  const isApproved = isPreview || (confirmedBy !== undefined && confirmedBy !== actor);
  const facts = { action, actor, target, namespace, protectedUsers, managers, standing, isApproved };
  // What can be told without asking a server.
  requireAllowed({ ...facts, isServerAdmin: false });
  const account = await orSayWhatLives(parts, target, () => accounts.find(target));
  if (account === undefined) throw new UserError(`There is no account ${target}. Nothing was done.`);
  requireAllowed({ ...facts, protectedUsers: await protectedNow(parts), isServerAdmin: account.isAdmin });
  return account;
}

/** Who is never acted on: by the configuration, and the account that we act by, without which nothing could be undone. */
export async function protectedNow({
  protectedUsers,
  adminAccount,
}: Pick<AccountServiceParts, 'protectedUsers' | 'adminAccount'>): Promise<ReadonlySet<UserId>> {
  const own = await adminAccount();
  return own === undefined ? protectedUsers : new Set([...protectedUsers, own]);
}

/** Everybody who may manage accounts by their roles, also who is locked out. */
export async function managersOf({ policy }: Pick<AccountServiceParts, 'policy'>): Promise<readonly UserId[]> {
  const current = await policy.current();
  return [...current.assigned.keys()].filter((user) => isPermitted(current, user, 'manage-accounts'));
}

/**
 * Keeps that a user is away, and how the account was, unless the user is the last of `managers`: of two who send each other away at once, one stays. To be
 * called after a line was written into the audit log, in the same transaction: that is done by one at a time.
 */
export async function keepAway(
  { accountStates }: Pick<AccountServiceParts, 'accountStates'>,
  managers: readonly UserId[],
  state: AccountState,
): Promise<void> {
  const left = present(managers, await accountStates.current());
  if (left.size === 1 && left.has(state.userId))
    throw new UserError(`Refused: ${state.userId} is by now the last one who can manage accounts. Nothing was done.`);
  await accountStates.set(state);
}

async function standingOf(
  { accountStates, accountProcedures }: AccountServiceParts,
  user: UserId,
): Promise<AccountStanding> {
  if ((await accountProcedures.unfinished()).some(({ userId }) => userId === user)) return 'leaving';
  return (await accountStates.find(user))?.absence === 'gone' ? 'gone' : 'here';
}

function present(managers: readonly UserId[], states: readonly AccountState[]): ReadonlySet<UserId> {
  const away = new Set(states.flatMap(({ userId, absence }) => (absence === 'none' ? [] : [userId])));
  return new Set(managers.filter((user) => !away.has(user)));
}

function requireAllowed(target: AccountTarget): void {
  const refusal: TargetRefusal | undefined = refuseTarget(target);
  if (refusal) throw new UserError(`Refused: ${refusal.message}`);
}
