import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, PermanentError, RetryableError, UserError } from '../errors.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import type { DeviceTrust } from '../ports/device-trust.ts';
import { backoffMs } from '../model/backoff.ts';
import { LookAtDevices, type LookAtDevicesParts } from './look-at-devices.ts';

/** What the watch needs. */
export interface WatchSignInsParts extends Omit<LookAtDevicesParts, 'stopping'> {
  readonly deviceTrust: DeviceTrust;
  /** Between two rounds, ms. */
  readonly everyMs: number;
}

/** So many of whom nothing can be told, one after another: then it is the server, and the others are not asked about. */
const ALL_ALIKE = 3;
/** A client that signs in changes its devices several times at once: so long after the first change it is looked at. ms. */
const SETTLE_MS = 1_000;

/**
 * Watches the devices of everybody who may see PHI (A10, 45 CFR 164.308(a)(5)(ii)(C)): what is new or odd is told in the security room with the line that
 * ends it, and what was idle for longer than the role allows is signed out (C2).
 */
export class WatchSignIns {
  readonly #parts: WatchSignInsParts;
  readonly #devices: LookAtDevices;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isUnable = false;
  /** Whose devices changed since they were looked at. */
  #changed = new Set<UserId>();
  /** Ends the pause under way, or makes the next one none. */
  #waking = new AbortController();

  constructor(parts: WatchSignInsParts) {
    this.#parts = parts;
    this.#devices = new LookAtDevices({ ...parts, stopping: this.#stopping.signal });
  }

  /** Looks now, and from time to time. */
  start(): void {
    this.#running ??= this.#loop();
  }

  /** To be told of users whose devices changed: those who are watched are looked at within seconds. */
  devicesChanged(users: Iterable<UserId>): void {
    for (const user of users) this.#changed.add(user);
    this.#waking.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One round: everybody who is watched, or those of them who are in `only`; one of whom nothing can be told holds up nobody else. Throws RetryableError while a server is away, UserError or PermanentError where it tells the bridge nothing. */
  async check(only?: ReadonlySet<UserId>): Promise<void> {
    const policy = await this.#parts.policy.current();
    const watched = await this.#watched(policy);
    const users = only === undefined ? watched : watched.filter((user) => only.has(user));
    const unverified = await this.#unverified(users);
    let failure: Error | undefined;
    let inARow = 0;
    for (const user of users) {
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#devices.look(user, idleLimitOf(policy, user), unverified && new Set(unverified.get(user)));
        inARow = 0;
      } catch (error) {
        if (!isFault(error) && !(error instanceof UserError)) throw error;
        failure ??= error;
        inARow += 1;
        if (inARow === ALL_ALIKE) break;
      }
    }
    if (failure !== undefined) throw failure;
  }

  async #loop(): Promise<void> {
    const { everyMs } = this.#parts;
    let roundAt = 0;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const changed = this.#changed;
      this.#changed = new Set();
      const isRound = performance.now() >= roundAt;
      try {
        await this.check(isRound ? undefined : changed);
        if (isRound) roundAt = performance.now() + everyMs;
        failures = 0;
        this.#isUnable = false;
      } catch (error) {
        failures += 1;
        // They are looked at with the next try, round or not.
        for (const user of changed) this.#changed.add(user);
        this.#logFailure(error);
      }
      await this.#pause(failures === 0 ? roundAt - performance.now() : Math.min(backoffMs(failures), everyMs));
    }
  }

  /** What does not pass by itself once. */
  #logFailure(error: unknown): void {
    const { log } = this.#parts;
    const isUnable = error instanceof UserError || error instanceof PermanentError;
    if (!isUnable) log.warn('sign-in-watch.failed', { error });
    else if (!this.#isUnable) log.warn('sign-in-watch.unable', { detail: error.message });
    this.#isUnable = isUnable;
  }

  /** Until the next round, or until a change has settled. */
  async #pause(ms: number): Promise<void> {
    await this.#wait(Math.max(ms, 0), this.#waking.signal);
    if (!this.#waking.signal.aborted) return;
    this.#waking = new AbortController();
    await this.#wait(SETTLE_MS);
  }

  /** Ends early when the watch stops, or by one of `ends`. */
  async #wait(ms: number, ...ends: AbortSignal[]): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, ...ends]);
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async #watched({ assigned, namespace }: CarePolicy): Promise<UserId[]> {
    const absent = new Set(
      (await this.#parts.accountStates.current()).flatMap((s) => (s.absence === 'none' ? [] : s.userId)),
    );
    return [...assigned]
      .filter(([, roles]) => roles.some(({ classes }) => classes.has('phi') || classes.has('sensitive')))
      .map(([user]) => user)
      .filter((user) => !absent.has(user) && !isOurs(namespace, user) && user.endsWith(`:${namespace.domain}`));
  }

  /** undefined where that is not known now. */
  async #unverified(users: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly string[]> | undefined> {
    try {
      return await this.#parts.deviceTrust.unverified(users);
    } catch (error) {
      // The other signs are looked for all the same.
      if (error instanceof RetryableError) return undefined;
      throw error;
    }
  }
}

/** The strictest of the user's roles. */
function idleLimitOf({ assigned }: CarePolicy, user: UserId): number | undefined {
  const limits = (assigned.get(user) ?? []).flatMap(({ idleLogoffMs }) => idleLogoffMs ?? []);
  return limits.length === 0 ? undefined : Math.min(...limits);
}
