import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, PermanentError, RetryableError, UserError } from '../errors.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import { labelOf, NO_DEVICE } from '../model/device-label.ts';
import { newOpaqueId, type UserId } from '../model/ids.ts';
import { isOurs } from '../model/namespace.ts';
import { findAbout, type FindingKind, type WatchLimits } from '../policy/device-findings.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import type { DeviceTrust } from '../ports/device-trust.ts';
import type { WatchedDevice, WatchedDeviceStore } from '../ports/watched-device-store.ts';
import { backoffMs } from '../model/backoff.ts';
import { describeChange, outcomeOf, rotateFor, type AccountServiceParts } from './act-on-account.ts';
import { deviceNotice, type NoticeKind } from './device-notice.ts';

/** What the watch needs. */
export interface WatchSignInsParts extends AccountServiceParts {
  readonly watchedDevices: WatchedDeviceStore;
  readonly deviceTrust: DeviceTrust;
  readonly prefix: string;
  readonly limits: Omit<WatchLimits, 'idleMs'>;
  /** Between two rounds, ms. */
  readonly everyMs: number;
}

/** So many of whom nothing can be told, one after another: then it is the server, and the others are not asked about. */
const ALL_ALIKE = 3;
/** Phones change networks all the time, and an unused device has waited for weeks: nobody is called for those. */
const ALARMS: ReadonlySet<FindingKind> = new Set(['new-device', 'unverified']);
/** A client that signs in changes its devices several times at once: so long after the first change it is looked at. ms. */
const SETTLE_MS = 1_000;
/** A new device that was not used yet, as it seems, is looked at once more after so long. ms. */
const UNUSED_MS = 1_000;

/**
 * Watches the devices of everybody who may see PHI (A10, 45 CFR 164.308(a)(5)(ii)(C)): what is new or odd is told in the security room with the line that
 * ends it, and what was idle for longer than the role allows is signed out (C2).
 */
export class WatchSignIns {
  readonly #parts: WatchSignInsParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isUnable = false;
  /** Whose devices changed since they were looked at. */
  #changed = new Set<UserId>();
  /** Ends the pause under way, or makes the next one none. */
  #waking = new AbortController();

  constructor(parts: WatchSignInsParts) {
    this.#parts = parts;
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
        await this.#checkUser(user, idleLimitOf(policy, user), unverified && new Set(unverified.get(user)));
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

  async #checkUser(
    user: UserId,
    idleMs: number | undefined,
    unverified: ReadonlySet<string> | undefined,
  ): Promise<void> {
    const { watchedDevices, limits, protectedUsers, now = Date.now } = this.#parts;
    const known = await watchedDevices.of(user);
    const devices = await this.#devicesOf(user, known);
    if (devices === undefined) return;
    const isFirstLook = known.length === 0;
    // From here on a first device is told of as well.
    if (isFirstLook)
      await watchedDevices.set({ userId: user, device: NO_DEVICE, firstSeenAt: now(), networks: [], told: [] });
    const userNetworks = new Set(known.flatMap(({ networks }) => networks));
    for (const device of devices) {
      const seen = { device: labelOf(device.deviceId), lastSeenAt: device.lastSeenAt, ip: device.ip };
      const remembered = known.find((one) => one.device === seen.device);
      const facts = { userNetworks, isUnverified: unverified?.has(device.deviceId), now: now() };
      const own = { ...limits, idleMs: protectedUsers.has(user) ? undefined : idleMs };
      const { findings, remember } = findAbout(seen, remembered, { ...facts, limits: own });
      // What was there before anybody looked is no news.
      const news = findings.filter((kind) => kind !== 'idle' && !(isFirstLook && kind === 'new-device'));
      await this.#remember({ userId: user, ...remember }, remembered, device, news);
      for (const network of remember.networks) userNetworks.add(network);
      if (findings.includes('idle')) await this.#signOut(user, device, idleMs ?? 0);
    }
    for (const { device } of known) {
      if (device !== NO_DEVICE && !devices.some(({ deviceId }) => labelOf(deviceId) === device))
        await watchedDevices.remove(user, device);
    }
  }

  /** Undefined where there is no such account: a role can be given to somebody who has none (yet). */
  async #devicesOf(user: UserId, known: readonly WatchedDevice[]): Promise<readonly AccountDevice[] | undefined> {
    const { accounts } = this.#parts;
    try {
      const devices = await accounts.devices(user);
      const isNew = ({ deviceId }: AccountDevice) => !known.some(({ device }) => device === labelOf(deviceId));
      if (known.length === 0 || !devices.some((device) => device.ip === undefined && isNew(device))) return devices;
      // While Synapse writes down who used what, it says for a moment that nobody did: where from is to be told too.
      await this.#wait(UNUSED_MS);
      return await accounts.devices(user);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // Where nothing is told to this credential, this throws.
      await accounts.find(user);
      return undefined;
    }
  }

  async #remember(
    next: WatchedDevice,
    before: WatchedDevice | undefined,
    listed: AccountDevice,
    news: readonly FindingKind[],
  ): Promise<void> {
    const { transactions, watchedDevices } = this.#parts;
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(next)) return;
    await transactions.run(async () => {
      await watchedDevices.set(next);
      for (const kind of news) await this.#tell(kind as NoticeKind, next, listed);
    });
  }

  async #tell(
    kind: NoticeKind,
    { userId, device, firstSeenAt, networks }: WatchedDevice,
    listed: AccountDevice,
  ): Promise<void> {
    const { security, audit, prefix, now = Date.now } = this.#parts;
    const about =
      kind === 'new-network'
        ? (networks.at(-1) ?? '')
        : kind === 'unused'
          ? String(listed.lastSeenAt)
          : String(firstSeenAt);
    const id = `sign-in:${userId}:${device}:${kind}:${about}:${kind === 'unverified' ? now() : ''}`;
    const trace = newOpaqueId(8);
    await audit.append({
      id,
      action: `sign-in.${kind}`,
      actor: 'carebridge',
      cause: 'sign-in watch',
      outcome: 'done',
      target: userId,
      trace,
      details: { device, ip: listed.ip ?? null, lastSeenAt: listed.lastSeenAt ?? null },
    });
    const text = deviceNotice(kind, userId, listed, prefix);
    await security.tell(text, { cause: id, trace, device: { userId, device }, isAlarm: ALARMS.has(kind) });
  }

  /** Idle for longer than the role allows. The line in the audit log comes first. */
  async #signOut(userId: UserId, listed: AccountDevice, idleMs: number): Promise<void> {
    const { accounts, audit, security, transactions, watchedDevices } = this.#parts;
    const { deviceId, lastSeenAt } = listed;
    const device = labelOf(deviceId);
    const id = `idle-sign-out:${userId}:${device}:${lastSeenAt ?? 'never'}`;
    const trace = newOpaqueId(8);
    const common = { action: 'account.idle-sign-out', actor: 'carebridge', target: userId, trace } as const;
    const cause = `unused for longer than ${Math.round(idleMs / 60_000)} minutes`;
    await audit.append({
      ...common,
      cause,
      id: `${id}:begun`,
      outcome: 'done',
      before: { device: JSON.parse(JSON.stringify(listed)) as unknown },
    });
    const change = await accounts.endDevice(userId, deviceId);
    if (change.verified.length > 0) await rotateFor(this.#parts, userId);
    await transactions.run(async () => {
      await audit.append({ ...common, cause, id: `${id}:ended`, outcome: outcomeOf(change), details: change });
      await security.tell(`${userId}: device ${device} was ${cause}.\n${describeChange(change)}`, {
        cause: `${id}:told`,
        trace,
      });
      if (change.done) await watchedDevices.remove(userId, device);
    });
  }
}

/** The strictest of the user's roles. */
function idleLimitOf({ assigned }: CarePolicy, user: UserId): number | undefined {
  const limits = (assigned.get(user) ?? []).flatMap(({ idleLogoffMs }) => idleLogoffMs ?? []);
  return limits.length === 0 ? undefined : Math.min(...limits);
}
