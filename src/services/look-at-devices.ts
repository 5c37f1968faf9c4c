import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError } from '../errors.ts';
import { labelOf, NO_DEVICE } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import { findAbout, type FindingKind, type WatchLimits } from '../policy/device-findings.ts';
import type { AccountDevice } from '../ports/accounts.ts';
import type { WatchedDevice } from '../ports/watched-device-store.ts';
import { protectedNow } from './account-guard.ts';
import type { AccountServiceParts } from './act-on-account.ts';
import type { NoticeKind } from './device-notice.ts';
import { signOutIdle } from './sign-out-idle.ts';
import { tellSignIn, type TellSignInParts } from './tell-sign-in.ts';

/** What looking needs. */
export interface LookAtDevicesParts extends AccountServiceParts, Pick<TellSignInParts, 'prefix'> {
  readonly limits: Omit<WatchLimits, 'idleMs'>;
  /** Aborted when nothing is to be waited for any more. */
  readonly stopping: AbortSignal;
}

/** A new device that was not used yet, as it seems, is looked at once more after so long. ms. */
const UNUSED_MS = 1_000;

/** Compares the devices of one user with what is remembered of them, tells what is new or odd, and signs out what was idle for too long. */
export class LookAtDevices {
  readonly #parts: LookAtDevicesParts;

  constructor(parts: LookAtDevicesParts) {
    this.#parts = parts;
  }

  /** Looks. `idleMs`: what the user's roles allow; `unverified`: the ids of the devices that are not cross-signed, undefined where that is not known now. */
  async look(user: UserId, idleMs: number | undefined, unverified: ReadonlySet<string> | undefined): Promise<void> {
    const { watchedDevices, limits, now = Date.now } = this.#parts;
    const known = await watchedDevices.of(user);
    const devices = await this.#devicesOf(user, known);
    if (devices === undefined) return;
    const isProtected = (await protectedNow(this.#parts)).has(user);
    const isFirstLook = known.length === 0;
    // From here on a first device is told of as well.
    if (isFirstLook)
      await watchedDevices.set({ userId: user, device: NO_DEVICE, firstSeenAt: now(), networks: [], told: [] });
    const userNetworks = new Set(known.flatMap(({ networks }) => networks));
    for (const device of devices) {
      const seen = { device: labelOf(device.deviceId), lastSeenAt: device.lastSeenAt, ip: device.ip };
      const remembered = known.find((one) => one.device === seen.device);
      const facts = { userNetworks, isUnverified: unverified?.has(device.deviceId), now: now() };
      const own = { ...limits, idleMs: isProtected ? undefined : idleMs };
      const { findings, remember } = findAbout(seen, remembered, { ...facts, limits: own });
      // What was there before anybody looked is no news.
      const news = findings.filter((kind) => kind !== 'idle' && !(isFirstLook && kind === 'new-device'));
      await this.#remember({ userId: user, ...remember }, remembered, device, news);
      for (const network of remember.networks) userNetworks.add(network);
      if (findings.includes('idle')) await signOutIdle(this.#parts, user, device, idleMs ?? 0);
    }
    for (const { device } of known) {
      if (device !== NO_DEVICE && !devices.some(({ deviceId }) => labelOf(deviceId) === device))
        await watchedDevices.remove(user, device);
    }
  }

  /** Undefined where there is no such account: a role can be given to somebody who has none (yet). */
  async #devicesOf(user: UserId, known: readonly WatchedDevice[]): Promise<readonly AccountDevice[] | undefined> {
    const { accounts, stopping } = this.#parts;
    try {
      const devices = await accounts.devices(user);
      const isNew = ({ deviceId }: AccountDevice) => !known.some(({ device }) => device === labelOf(deviceId));
      if (known.length === 0 || !devices.some((device) => device.ip === undefined && isNew(device))) return devices;
      // While Synapse writes down who used what, it says for a moment that nobody did: where from is to be told too.
      await sleep(UNUSED_MS, undefined, { signal: stopping, ref: false }).catch(() => undefined);
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
      for (const kind of news) await tellSignIn(this.#parts, kind as NoticeKind, next, listed);
    });
  }
}
