import type { UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import { pusherName } from '../model/pusher-name.ts';
import type { Account, Change, Pusher } from '../ports/accounts.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import { keepAway, managersOf, requireTarget } from './account-guard.ts';
import {
  applyAbsences,
  audited,
  flagsBefore,
  orProblem,
  rotateFor,
  seenAfter,
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
    const managers = await managersOf(this.#parts);
    let known: AccountState | undefined;
    let state: AccountState | undefined;
    const work = async () => {
      await applyAbsences(this.#parts);
      const locked = await orProblem(() => accounts.lock(target));
      const seen = await seenAfter(this.#parts, target);
      if (!locked.done && locked.verified.length === 0) {
        // Nothing is locked, so lines count on the user as before. Where that is not known, what was kept stays.
        if (seen !== undefined && seen.isLocked !== true) await this.#takeBack(state, known);
        return { change: locked, after: stateOf(seen) };
      }
      const ended = endSessions ? await orProblem(() => accounts.endAllSessions(target)) : undefined;
      await rotateFor(this.#parts, target);
      return { change: ended ? together(locked, ended) : locked, after: stateOf(seen) };
    };
    // What was not kept could not be restored (D8).
    const keep = async () => {
      // Read in the same transaction: whoever was offboarded meanwhile stays so.
      known = await accountStates.find(target);
      state = {
        userId: target,
        ...flagsBefore(account, known),
        absence: known?.absence === 'gone' ? 'gone' : 'locked',
        successor: known?.successor,
        by: actor,
        at: now(),
      };
      await keepAway(this.#parts, managers, state);
    };
    const result = await audited(this.#parts, request, 'account.lock', before, work, keep);
    const stays = result.outcome === 'failed' || endSessions ? [] : [...pushesGoOn(before), KEYS_GO_ON];
    return { ...result, text: [result.text, ...stays].join('\n') };
  }

  async #takeBack(state: AccountState | undefined, known: AccountState | undefined): Promise<void> {
    const { accountStates } = this.#parts;
    if (state !== undefined) await accountStates.replace(state, known);
    await applyAbsences(this.#parts);
  }
}

/** How a lock ended, in words. */
export function lockedInWords(target: UserId, outcome: AccountResult['outcome']): string {
  if (outcome === 'done') return `${target} is locked.`;
  return outcome === 'partial' ? `${target} is not locked out completely.` : `${target} is not known to be locked.`;
}

/** The lock's own "may still work" no longer counts where all sessions ended. */
function together(locked: Change, ended: Change): Change {
  return { ...(!ended.done && locked), ...ended, verified: [...locked.verified, ...ended.verified] };
}

/** Synapse pushes to locked accounts as to any (1.163). `evidence` was taken just before. */
function pushesGoOn({ pushers }: { readonly pushers?: JsonValue }): readonly string[] {
  const all = Array.isArray(pushers) ? (pushers as unknown as readonly Pusher[]) : [];
  return all.length === 0
    ? []
    : [`Pushes still go to: ${all.map(pusherName).join(', ')}. They end with the sessions (\`--end-sessions\`).`];
}

const KEYS_GO_ON =
  'Their devices stay in the homeserver’s list, so that what is said meanwhile is encrypted to them too: they read it after `unlock`. Ended sessions do not.';
const NATIVE_NOTE =
  'Their clients are signed out softly: they keep their data and go on after `unlock`, without new verification.';
const MAS_WARNING =
  'With Matrix Authentication Service a lock takes effect within 2 minutes unless the sessions are ended too (`--end-sessions`). Element then signs out hard: ' +
  'without recovery set up, the user loses the keys to older messages. If they must only be kept from writing, use `suspend` instead.';
