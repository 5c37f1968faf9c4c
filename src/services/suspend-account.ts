import type { Account } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import { requireTarget } from './account-guard.ts';
import {
  audited,
  flagsBefore,
  orProblem,
  seenAfter,
  stateOf,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { deviceCount } from './list-devices.ts';

/** Lets a user read and not write, until `unlock`. Not for a stolen device: whoever has it can read on. */
export class SuspendAccount {
  readonly #parts: AccountServiceParts;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  /** The account, its devices in words (D5), and what else the person who asks must know. */
  async look(
    request: Pick<AccountRequest, 'actor' | 'target'>,
  ): Promise<{ readonly account: Account; readonly devices: string; readonly warnings: readonly string[] }> {
    const account = await requireTarget(this.#parts, 'suspend', request, true);
    const lines = this.#parts.lines.ofMember(request.target).map(({ id }) => id);
    const warnings = lines.length === 0 ? [] : [linesGoOn(lines)];
    return { account, devices: await deviceCount(this.#parts.accounts, request.target), warnings };
  }

  async run(request: AccountRequest): Promise<AccountResult> {
    const { accounts, accountStates, now = Date.now } = this.#parts;
    const { target, actor } = request;
    const account = await requireTarget(this.#parts, 'suspend', request);
    let known: AccountState | undefined;
    let state: AccountState | undefined;
    const work = async () => {
      const change = await orProblem(() => accounts.suspend(target));
      const seen = await seenAfter(this.#parts, target);
      // Nothing was changed that could be restored.
      if (!change.done && state !== undefined && known === undefined && seen?.isSuspended === false)
        await accountStates.replace(state, undefined);
      return { change, after: stateOf(seen) };
    };
    const keep = async () => {
      // Read in the same transaction: whoever was locked or offboarded meanwhile stays so.
      known = await accountStates.find(target);
      state = {
        userId: target,
        ...flagsBefore(account, known),
        absence: known?.absence ?? 'none',
        successor: known?.successor,
        by: actor,
        at: now(),
      };
      await accountStates.set(state);
    };
    return audited(this.#parts, request, 'account.suspend', stateOf(account), work, keep);
  }
}

/** Texts of patients would wait for somebody who cannot answer. */
function linesGoOn(lines: readonly string[]): string {
  return `Lines still count on them, though they cannot answer: ${lines.join(', ')}. See that somebody else of the team does, or use \`lock\`.`;
}
