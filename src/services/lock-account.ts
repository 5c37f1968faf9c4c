import { PermanentError, UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Account, Change } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import {
  applyAbsences,
  audited,
  requireTarget,
  rotateFor,
  stateOf,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { deviceCount, takeEvidence } from './list-devices.ts';

/** Keeps a user out until `unlock` (D2, D3), and lines from counting on them (D7). */
export class LockAccount {
  readonly #parts: AccountServiceParts;

  constructor(parts: AccountServiceParts) {
    this.#parts = parts;
  }

  /** The account, its devices in words (D5), and what else the person who asks must know (D4). */
  async look(
    request: Pick<AccountRequest, 'actor' | 'target'>,
  ): Promise<{ account: Account; devices: string; warnings: readonly string[] }> {
    const account = await requireTarget(this.#parts, 'lock', request, true);
    const { mode } = await this.#parts.accounts.mode();
    const devices = await deviceCount(this.#parts.accounts, request.target);
    return { account, devices, warnings: mode === 'mas' ? [MAS_WARNING] : mode === 'native' ? [NATIVE_NOTE] : [] };
  }

  /** With `endSessions`, everything that acts as the user is ended as well: under MAS only that makes the lock effective at once. */
  async run(request: AccountRequest, { endSessions }: { readonly endSessions: boolean }): Promise<AccountResult> {
    const { accounts, accountStates, now = Date.now } = this.#parts;
    const { target, actor } = request;
    const account = await requireTarget(this.#parts, 'lock', request);
    const before = { ...stateOf(account), ...(await takeEvidence(this.#parts, target)) };
    const known = await accountStates.find(target);
    return audited(this.#parts, request, 'account.lock', before, async () => {
      // Kept first: what was not kept could not be restored (D8).
      await accountStates.set({
        userId: target,
        wasLocked: known?.wasLocked ?? account.isLocked === true,
        wasSuspended: known?.wasSuspended ?? account.isSuspended === true,
        absence: known?.absence === 'gone' ? 'gone' : 'locked',
        successor: known?.successor,
        by: actor,
        at: now(),
      });
      await applyAbsences(this.#parts);
      const locked = await accounts.lock(target).catch((error: unknown) => this.#takeBack(error, target, known));
      const isWorthEnding = locked.done || locked.verified.length > 0;
      const ended = endSessions && isWorthEnding ? await accounts.endAllSessions(target) : undefined;
      await rotateFor(this.#parts, target);
      return {
        change: ended ? together(locked, ended) : locked,
        after: stateOf((await accounts.find(target)) ?? account),
      };
    });
  }

  /** The server refused, so nothing is locked: lines count on the user as before. Where it did not answer nobody knows, and what was kept stays. */
  async #takeBack(error: unknown, target: UserId, known: AccountState | undefined): Promise<never> {
    const { accountStates } = this.#parts;
    if (error instanceof PermanentError || error instanceof UserError) {
      await (known === undefined ? accountStates.remove(target) : accountStates.set(known));
      await applyAbsences(this.#parts);
    }
    throw error;
  }
}

/** The lock's own "may still work" no longer counts where all sessions ended. */
function together(locked: Change, ended: Change): Change {
  return { ...ended, verified: [...locked.verified, ...ended.verified] };
}

const NATIVE_NOTE =
  'Their clients are signed out softly: they keep their data and go on after `unlock`, without new verification.';
const MAS_WARNING =
  'With Matrix Authentication Service a lock takes effect within 2 minutes unless the sessions are ended too (`--end-sessions`). Element then signs out hard: ' +
  'without recovery set up, the user loses the keys to older messages. If they only must not write, use `suspend` instead.';
