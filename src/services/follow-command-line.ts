import type { Logger } from '../log.ts';
import type { UserId } from '../model/ids.ts';
import type { AccountState } from '../ports/account-state-store.ts';
import type { RoleStore } from '../ports/role-store.ts';
import { applyAbsences, rotateFor, type AccountServiceParts } from './act-on-account.ts';

/** What following needs. */
export interface FollowCommandLineParts extends Pick<
  AccountServiceParts,
  'accounts' | 'accountStates' | 'governedRooms' | 'lines' | 'policy' | 'recordConfigured' | 'roomKeys'
> {
  readonly roles: RoleStore;
  readonly log: Logger;
}

/** Two small tables, from the database of our own. ms. */
const EVERY_MS = 5_000;

/**
 * Takes over what `carebridge roles` and `carebridge admin`, which are processes of their own, have changed: the policy is made anew, lines skip who is
 * locked out, and the keys are changed for them.
 */
export class FollowCommandLine implements AsyncDisposable {
  readonly #parts: FollowCommandLineParts;
  /** When each account was last changed, Unix ms, as it was last looked at. */
  #known: ReadonlyMap<UserId, number> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: FollowCommandLineParts) {
    this.#parts = parts;
  }

  /** Applies what is so when the process begins: whatever is changed after that is followed. To be awaited before `start`. */
  async begin(): Promise<void> {
    const states = await this.#parts.accountStates.current();
    await applyAbsences(this.#parts);
    this.#known = changeTimes(states);
  }

  /** Looks now and then, until it is disposed of. */
  start(): void {
    this.#timer ??= setInterval(() => void this.runOnce(), EVERY_MS).unref();
  }

  /** Looks once; a look that is under way is enough. */
  runOnce(): Promise<void> {
    return (this.#running ??= this.#look().finally(() => (this.#running = undefined)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { roles, accountStates, policy, log } = this.#parts;
    try {
      if (await roles.reread()) policy.invalidate();
      await accountStates.reread();
      await this.#takeOver(await accountStates.current());
    } catch (error) {
      log.warn('command-line.not-followed', { error });
    }
  }

  async #takeOver(states: readonly AccountState[]): Promise<void> {
    const known = this.#known;
    const changed = states.filter(({ userId, at }) => known.get(userId) !== at);
    if (changed.length > 0 || states.length !== known.size) await applyAbsences(this.#parts);
    for (const { userId, absence } of changed) if (absence !== 'none') await rotateFor(this.#parts, userId);
    this.#known = changeTimes(states);
  }
}

function changeTimes(states: readonly AccountState[]): ReadonlyMap<UserId, number> {
  return new Map(states.map(({ userId, at }) => [userId, at]));
}
