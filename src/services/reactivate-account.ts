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
    const before = { ...stateOf(account), absence: state?.absence ?? 'none' };
    return audited(this.#parts, request, 'account.reactivate', before, async () => {
      const changes: Change[] = [];
      if (account.isDeactivated === true) changes.push(await accounts.reactivate(target));
      if (account.isLocked === true && state?.wasLocked !== true) changes.push(await accounts.unlock(target));
      if (account.isSuspended === true && state?.wasSuspended !== true) changes.push(await accounts.unsuspend(target));
      let change = sumOfChanges(changes);
      if (change.done) {
        await accountStates.remove(target);
        await applyAbsences(this.#parts);
        change = { ...change, verified: [...change.verified, 'lines count on the user again'] };
      }
      return { change, after: stateOf((await accounts.find(target)) ?? account) };
    });
  }
}
