import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, type PermanentError, type RetryableError } from '../../errors.ts';
import { labelOf } from '../../model/device-label.ts';
import type { UserId } from '../../model/ids.ts';
import type { Change } from '../../ports/accounts.ts';
import type { MasAdmin, MasSession, MasUser } from './mas-admin.ts';
import type { SynapseAdmin } from './synapse-admin.ts';

/** What ending sessions needs. */
export interface EndMasSessionsParts {
  readonly mas: MasAdmin;
  readonly synapse: SynapseAdmin;
  /** How long MAS's job worker is given to remove a device from Synapse. ms. */
  readonly workerMs?: number;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Synapse remembers for so long what MAS said of a token. ms. */
export const INTROSPECTION_CACHE_MS = 120_000;
const WORKER_MS = 2_000;
const POLL_MS = 50;
const PUSHERS_GO_MS = 250;
const PUSHER_LOOKS = 6;

/**
 * Ends sessions in MAS, sees that they are over, waits for Synapse to hear of it, and helps only then. Throws RetryableError where MAS is away before
 * anything was ended; what fails later is part of the answer.
 */
export class EndMasSessions {
  readonly #parts: EndMasSessionsParts;
  readonly #mas: MasAdmin;
  readonly #synapse: SynapseAdmin;
  readonly #now: () => number;

  constructor(parts: EndMasSessionsParts) {
    this.#parts = parts;
    this.#mas = parts.mas;
    this.#synapse = parts.synapse;
    this.#now = parts.now ?? Date.now;
  }

  /** Those of one device, with the browser's sessions in which they were made. */
  async device(user: UserId, owned: MasUser, deviceId: string): Promise<Change> {
    const all = await this.#mas.sessions(owned, true);
    const ofDevice = all.filter((session) => session.deviceId === deviceId);
    const browsers = new Set(ofDevice.map(({ browserSession }) => browserSession));
    const linked = all.filter(({ kind, id }) => kind === 'browser' && browsers.has(id));
    const devices = await this.#synapse.devices(user);
    if (ofDevice.length === 0 && !devices.some((device) => device.deviceId === deviceId)) {
      return { done: false, verified: [], problem: `There is no device ${labelOf(deviceId)} and no session of it.` };
    }
    const concerns = (session: MasSession) => session.deviceId === deviceId;
    const change = await this.#end(user, owned, [...ofDevice, ...linked], concerns, [deviceId]);
    return change.done ? this.#seePushers(user, change.verified, false) : change;
  }

  /** All of the account, with its pushers. */
  async all(user: UserId, owned: MasUser): Promise<Change> {
    const sessions = await this.#mas.sessions(owned, true);
    const change = await this.#end(user, owned, sessions, () => true, undefined);
    return change.done ? this.#seePushers(user, change.verified, true) : change;
  }

  /** `concerns`: of those that are active after it, which should not be. `devices` undefined: all of the account. */
  async #end(
    user: UserId,
    owned: MasUser,
    sessions: readonly MasSession[],
    concerns: (session: MasSession) => boolean,
    devices: readonly string[] | undefined,
  ): Promise<Change> {
    const withoutDevice = sessions.filter(({ kind, deviceId }) => kind !== 'browser' && deviceId === undefined);
    const ended: MasSession[] = [];
    const failed: MasSession[] = [];
    for (const session of sessions) ((await this.#endOne(session)) ? ended : failed).push(session);
    const listed = await this.#orFault(() => this.#mas.sessions(owned, true));
    if (isFault(listed)) {
      return {
        done: false,
        verified: ended.length > 0 ? [`${kindsOf(ended)} ended in MAS`] : [],
        mayLive: [...failed.map(describeSession), 'whatever was begun meanwhile'],
        problem: `Whether any session is left could not be asked. ${listed.message} Repeat the command.`,
      };
    }
    // What was made meanwhile.
    const alive = listed.filter(concerns);
    const left = [...new Map([...failed, ...alive].map((session) => [session.id, session])).values()];
    if (left.length > 0) {
      return {
        done: false,
        verified: ended.length > 0 ? [`${count(ended.length, 'session')} ended in MAS`] : [],
        mayLive: left.map(describeSession),
        problem: 'These sessions could not be ended and live until somebody ends them. Try again.',
      };
    }
    const verified = [
      ended.length > 0 ? `${kindsOf(ended)} ended in MAS, and no other is active` : 'no session is active in MAS',
    ];
    return this.#seeDevicesGone(user, devices, verified, withoutDevice);
  }

  async #seeDevicesGone(
    user: UserId,
    devices: readonly string[] | undefined,
    verified: readonly string[],
    withoutDevice: readonly MasSession[],
  ): Promise<Change> {
    const mayLiveUntil = this.#now() + INTROSPECTION_CACHE_MS;
    const found = await this.#orFault(() => this.#waitUntilGone(user, devices));
    if (isFault(found)) {
      const mayLive = devices?.map((device) => `device ${labelOf(device)}`) ?? ['every device of the account'];
      const problem = `The homeserver could not be asked. ${found.message}`;
      return { done: false, verified, mayLive, mayLiveUntil, problem };
    }
    const { left, isWorkerLate } = found;
    if (left.length > 0) {
      const mayLive = left.map((device) => `device ${labelOf(device)}`);
      return { done: false, verified, mayLive, mayLiveUntil, problem: 'The homeserver still lists these devices.' };
    }
    const gone = devices
      ? `device ${devices.map(labelOf).join(', ')} is gone from the homeserver`
      : 'the account has no device any more';
    const facts = [...verified, isWorkerLate ? `${gone} (MAS was late, the homeserver was told directly)` : gone];
    if (withoutDevice.length === 0) return { done: true, verified: facts };
    return {
      done: false,
      verified: facts,
      mayLive: [...new Set(withoutDevice.map(({ kind }) => `${kind} session without a device`))],
      mayLiveUntil,
      problem: 'The homeserver remembers the token of a session without a device for up to two minutes.',
    };
  }

  /** Waits until MAS's worker has told the homeserver, or tells it directly where that takes too long. `devices`: all where left out. */
  async #waitUntilGone(
    user: UserId,
    devices: readonly string[] | undefined,
  ): Promise<{ readonly left: readonly string[]; readonly isWorkerLate: boolean }> {
    const listed = async (): Promise<string[]> =>
      (await this.#synapse.devices(user)).map(({ deviceId }) => deviceId).filter((id) => devices?.includes(id) ?? true);
    let left = await listed();
    const until = performance.now() + (this.#parts.workerMs ?? WORKER_MS);
    while (left.length > 0 && performance.now() < until) {
      await sleep(POLL_MS);
      left = await listed();
    }
    if (left.length === 0) return { left, isWorkerLate: false };
    // Safe only now: a device whose session is over does not come back.
    await this.#synapse.deleteDevices(user, left);
    return { left: await listed(), isWorkerLate: true };
  }

  async #seePushers(user: UserId, verified: readonly string[], all: boolean): Promise<Change> {
    await this.#letPushersGo(user, all);
    const change = await this.#orFault(() => this.#synapse.seePushers(user, verified, all));
    if (!isFault(change)) return change;
    return { done: false, verified, problem: `Whether pushers are left could not be asked. ${change.message}` };
  }

  /** Synapse lets a device's pushers go a moment after the device, which may be seen gone in between. Others may well stay, where not `all` are to go. */
  async #letPushersGo(user: UserId, all: boolean): Promise<void> {
    for (let looks = all ? PUSHER_LOOKS : 1; looks > 0; looks--) {
      const left = await this.#orFault(() => this.#synapse.pushers(user));
      if (isFault(left) || left.length === 0) return;
      await sleep(PUSHERS_GO_MS);
    }
  }

  async #endOne(session: MasSession): Promise<boolean> {
    const isEnded = await this.#orFault(async () => {
      await this.#mas.end(session);
      return this.#mas.isEnded(session);
    });
    return isEnded === true;
  }

  /** The answer, or the fault in place of it: what was done before is to be told all the same. */
  async #orFault<T>(ask: () => Promise<T>): Promise<T | RetryableError | PermanentError> {
    try {
      return await ask();
    } catch (error) {
      if (!isFault(error)) throw error;
      return error;
    }
  }
}

/** A session in words for the room. */
export function describeSession({ kind, deviceId, id }: MasSession): string {
  return deviceId === undefined ? `${kind} session ${id}` : `${kind} session of device ${labelOf(deviceId)}`;
}

function kindsOf(sessions: readonly MasSession[]): string {
  const counts = Map.groupBy(sessions, ({ kind }) => kind);
  return [...counts].map(([kind, { length }]) => count(length, `${kind} session`)).join(', ');
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
