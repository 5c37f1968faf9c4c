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

const ACTION = 'account.reactivate';

/** How an account was before it was offboarded. */
type Was = Pick<AccountState, 'wasLocked' | 'wasSuspended' | 'absence'>;

/** Takes somebody back who was offboarded: active, as before otherwise, in their lines again. Roles are given anew by people. */
export class ReactivateAccount {
  readonly #parts: AccountServiceParts;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  async look(
    request: Pick<AccountRequest, 'actor' | 'target'>,
  ): Promise<{ account: Account; state: AccountState | undefined }> {
    const account = await requireTarget(this.#parts, 'reactivate', request, true);
    return { account, state: await this.#parts.accountStates.find(request.target) };
  }

  async run(request: AccountRequest): Promise<AccountResult> {
    const { accounts, accountStates } = this.#parts;
    const { target } = request;
    const account = await requireTarget(this.#parts, 'reactivate', request);
    const state = await accountStates.find(target);
    const { wasLocked, wasSuspended, absence } = state ?? (await this.#was(request));
    const before = { ...stateOf(account), wasLocked, wasSuspended, absence };
    return audited(this.#parts, request, ACTION, before, async () => {
      const changes: Change[] = [];
      if (account.isDeactivated === true) changes.push(await orProblem(() => accounts.reactivate(target)));
      if (account.isLocked === true && !wasLocked) changes.push(await orProblem(() => accounts.unlock(target)));
      if (account.isSuspended === true && !wasSuspended)
        changes.push(await orProblem(() => accounts.unsuspend(target)));
      let change = sumOfChanges(changes);
      if (change.done) {
        // Whoever offboarded them again meanwhile did so after this.
        if (state !== undefined) await accountStates.replace(state, undefined);
        await applyAbsences(this.#parts);
        change = { ...change, verified: [...change.verified, 'lines count on the user again'] };
      }
      return { change, after: stateOf(await seenAfter(this.#parts, target)) };
    });
  }

  /** A run that died may have forgotten it already, when all was done: it wrote it down when it began. */
  async #was(request: AccountRequest): Promise<Was> {
    const begun = request.isRepeat === true ? await begunWith(this.#parts, ACTION, request) : undefined;
    return { wasLocked: false, wasSuspended: false, absence: 'none', ...(begun as Was | undefined) };
  }
}
