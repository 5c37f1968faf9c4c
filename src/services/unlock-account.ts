import { UserError } from '../errors.ts';
import type { Account, Change } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import {
  applyAbsences,
  audited,
  requireTarget,
  stateOf,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { sumOfChanges } from './sum-of-changes.ts';

/** Undoes `lock` and `suspend`: the account is as it was before the first of them (D8). */
export class UnlockAccount {
  readonly #parts: AccountServiceParts;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  /** The account, and what it would be again. */
  async look(
    request: Pick<AccountRequest, 'actor' | 'target'>,
  ): Promise<{ account: Account; state: AccountState | undefined }> {
    const account = await this.#target(request, true);
    return { account, state: await this.#parts.accountStates.find(request.target) };
  }

  /** `isUsable`: not as before, but neither locked nor suspended, whoever did that: for whoever must get in again. */
  async run(request: AccountRequest, { isUsable = false } = {}): Promise<AccountResult> {
    const { accounts, accountStates } = this.#parts;
    const { target } = request;
    const account = await this.#target(request);
    const state = await accountStates.find(target);
    const wanted = isUsable
      ? { locked: false, suspended: false }
      : { locked: state?.wasLocked ?? false, suspended: state?.wasSuspended ?? account.isSuspended === true };
    const before = { ...stateOf(account), restores: wanted, by: state?.by ?? null };
    return audited(this.#parts, request, 'account.unlock', before, async () => {
      const changes: Change[] = [];
      if (account.isSuspended !== undefined && account.isSuspended !== wanted.suspended)
        changes.push(await (wanted.suspended ? accounts.suspend(target) : accounts.unsuspend(target)));
      if (account.isLocked !== wanted.locked)
        changes.push(await (wanted.locked ? accounts.lock(target) : accounts.unlock(target)));
      const found = (await accounts.find(target)) ?? account;
      const isRestored =
        found.isLocked === wanted.locked && (found.isSuspended ?? wanted.suspended) === wanted.suspended;
      if (isRestored) {
        await accountStates.remove(target);
        await applyAbsences(this.#parts);
      }
      return {
        change: sum(changes, isRestored, isUsable ? 'the account is' : 'the account is as it was before:', wanted),
        after: stateOf(found),
      };
    });
  }

  async #target(
    request: Pick<AccountRequest, 'actor' | 'confirmedBy' | 'target'>,
    isPreview = false,
  ): Promise<Account> {
    const account = await requireTarget(this.#parts, 'unlock', request, isPreview);
    if (account.isDeactivated !== true) return account;
    throw new UserError(`${request.target} is deactivated, which unlocking does not undo. Nothing was done.`);
  }
}

function sum(
  changes: readonly Change[],
  isRestored: boolean,
  head: string,
  wanted: { locked: boolean; suspended: boolean },
): Change {
  const change = sumOfChanges(changes);
  const now = `${head} ${wanted.locked ? 'locked' : 'not locked'}, ${wanted.suspended ? 'suspended' : 'not suspended'}`;
  return { ...change, done: isRestored, verified: isRestored ? [...change.verified, now] : change.verified };
}
