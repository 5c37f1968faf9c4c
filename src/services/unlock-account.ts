import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Account, Change } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import { requireTarget } from './account-guard.ts';
import {
  applyAbsences,
  audited,
  begunWith,
  orProblem,
  seenAfter,
  stateOf,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { sumOfChanges } from './sum-of-changes.ts';

const ACTION = 'account.unlock';

/** How an account is to be. */
interface Wanted {
  readonly locked: boolean;
  readonly suspended: boolean;
}

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
    const wanted = isUsable ? { locked: false, suspended: false } : await this.#before(request, account, state);
    const before = { ...stateOf(account), restores: { ...wanted }, by: state?.by ?? null };
    return audited(this.#parts, request, ACTION, before, async () => {
      const changes: Change[] = [];
      const change = async (is: boolean | undefined, to: boolean, set: () => Promise<Change>): Promise<void> => {
        // undefined: this server does not know of it.
        if (is !== undefined && is !== to) changes.push(await orProblem(set));
      };
      await change(account.isSuspended, wanted.suspended, () =>
        wanted.suspended ? accounts.suspend(target) : accounts.unsuspend(target),
      );
      await change(account.isLocked, wanted.locked, () =>
        wanted.locked ? accounts.lock(target) : accounts.unlock(target),
      );
      const seen = await seenAfter(this.#parts, target);
      if (seen === undefined) changes.push({ done: false, verified: [], problem: 'No server tells how it is now.' });
      const isRestored = seen !== undefined && isAs(seen, wanted);
      if (isRestored) {
        // What somebody else has kept since stays.
        if (state !== undefined) await accountStates.replace(state, undefined);
        await applyAbsences(this.#parts);
        const since = await this.#lockedSince(target);
        if (since !== undefined) {
          changes.push(await orProblem(() => accounts.lock(target)), { done: false, verified: [], problem: since });
          return { change: sumOfChanges(changes), after: stateOf(await seenAfter(this.#parts, target)) };
        }
      }
      return {
        change: sum(changes, isRestored, isUsable ? 'the account is' : 'the account is as it was before:', wanted),
        after: stateOf(seen),
      };
    });
  }

  /** How the account was before us. A run that died may have forgotten that already, when all was done: it wrote it down when it began. */
  async #before(request: AccountRequest, account: Account, state: AccountState | undefined): Promise<Wanted> {
    if (state !== undefined) return { locked: state.wasLocked, suspended: state.wasSuspended };
    const begun = request.isRepeat === true ? await begunWith(this.#parts, ACTION, request) : undefined;
    const { restores } = (begun ?? {}) as { readonly restores?: Wanted };
    return restores ?? { locked: false, suspended: account.isSuspended === true };
  }

  /** Why the account is to be locked all the same: our unlocking may have come to the server after somebody's lock or offboarding. */
  async #lockedSince(target: UserId): Promise<string | undefined> {
    const { accountStates } = this.#parts;
    // `carebridge admin` writes too.
    await accountStates.reread();
    const since = await accountStates.find(target);
    if (since === undefined || since.absence === 'none') return undefined;
    return `${since.by} has ${since.absence === 'gone' ? 'offboarded' : 'locked'} them meanwhile, so the account is to stay locked.`;
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

/** As far as this server tells. */
function isAs({ isLocked, isSuspended }: Account, { locked, suspended }: Wanted): boolean {
  return (isLocked ?? locked) === locked && (isSuspended ?? suspended) === suspended;
}

/** Where all is as wanted, that says it all. */
function sum(changes: readonly Change[], isRestored: boolean, head: string, wanted: Wanted): Change {
  const change = sumOfChanges(changes);
  const now = `${head} ${wanted.locked ? 'locked' : 'not locked'}, ${wanted.suspended ? 'suspended' : 'not suspended'}`;
  return { ...change, done: isRestored, verified: isRestored ? [now] : change.verified };
}
