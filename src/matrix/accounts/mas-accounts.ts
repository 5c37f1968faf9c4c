import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, RetryableError, UserError, type PermanentError } from '../../errors.ts';
import { labelOf } from '../../model/device-label.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, Accounts, AccountsMode, AccountSession, Change } from '../../ports/accounts.ts';
import type { AccountOwner } from '../account-mode.ts';
import { statusOf } from '../matrix-fault.ts';
import type { MasAdmin, MasSession, MasUser } from './mas-admin.ts';
import { noSuchAccount, type SynapseAdmin } from './synapse-admin.ts';

/** What the adapter is made of. */
export interface MasAccountsParts {
  readonly mas: MasAdmin;
  readonly synapse: SynapseAdmin;
  readonly detect: () => Promise<AccountOwner>;
  /** How long MAS's job worker is given to remove a device from Synapse. ms. */
  readonly workerMs?: number;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Synapse remembers for so long what MAS said of a token. ms. */
export const INTROSPECTION_CACHE_MS = 120_000;
const WORKER_MS = 2_000;
const POLL_MS = 50;

/** Accounts of Matrix Authentication Service: its admin API ends and locks, Synapse's shows what came of it. */
export class MasAccounts implements Accounts {
  readonly #parts: MasAccountsParts;
  readonly #mas: MasAdmin;
  readonly #synapse: SynapseAdmin;
  readonly #now: () => number;

  constructor(parts: MasAccountsParts) {
    this.#parts = parts;
    this.#mas = parts.mas;
    this.#synapse = parts.synapse;
    this.#now = parts.now ?? Date.now;
  }

  async mode(): Promise<AccountsMode> {
    const found = await this.#parts.detect();
    if (found.mode === 'mas') return { mode: 'mas', detail: `Matrix Authentication Service at ${found.issuer}` };
    const reason =
      'The homeserver owns its accounts itself and does not use Matrix Authentication Service. Configure accounts as native.';
    return { mode: 'refusing', reason };
  }

  async find(user: UserId): Promise<Account | undefined> {
    const owned = await this.#mas.find(user);
    if (owned === undefined) return undefined;
    const seen = await this.#synapse.find(user);
    return {
      userId: user,
      displayName: seen?.displayName,
      isAdmin: owned.isAdmin || seen?.isAdmin === true,
      // What Synapse says of locked and deactivated is not enforced under MAS.
      isLocked: owned.isLocked,
      isSuspended: seen?.isSuspended,
      isDeactivated: owned.isDeactivated,
    };
  }

  search(text: string, limit: number, isWanted: (user: UserId) => boolean) {
    return this.#synapse.search(text, limit, isWanted);
  }

  devices(user: UserId) {
    return this.#synapse.devices(user);
  }

  async sessions(user: UserId): Promise<readonly AccountSession[]> {
    return this.#mas.sessions(await this.#owned(user), true);
  }

  pushers(user: UserId) {
    return this.#synapse.pushers(user);
  }

  whois(user: UserId) {
    return this.#synapse.whois(user);
  }

  joinedRooms(user: UserId) {
    return this.#synapse.joinedRooms(user);
  }

  async endDevice(user: UserId, deviceId: string): Promise<Change> {
    return this.#whileAway(user, [deviceId], async () => {
      const owned = await this.#owned(user);
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
    });
  }

  async endAllSessions(user: UserId): Promise<Change> {
    return this.#whileAway(user, undefined, async () => {
      const owned = await this.#owned(user);
      const all = await this.#mas.sessions(owned, true);
      const change = await this.#end(user, owned, all, () => true, undefined);
      return change.done ? this.#seePushers(user, change.verified, true) : change;
    });
  }

  async lock(user: UserId): Promise<Change> {
    const owned = await this.#change(user, 'lock');
    if (!owned.isLocked) return notSoInMas('locked');
    const verified = ['MAS reports the account as locked: nobody can log in to it'];
    const alive = await this.#mas.sessions(owned, true);
    if (alive.length === 0) return { done: true, verified };
    return {
      done: false,
      verified,
      mayLive: alive.map(describe),
      mayLiveUntil: this.#now() + INTROSPECTION_CACHE_MS,
      problem:
        'Sessions that are in use go on for up to two minutes, and live again when the account is unlocked. End them to be sure.',
    };
  }

  async unlock(user: UserId): Promise<Change> {
    const owned = await this.#change(user, 'unlock');
    if (owned.isLocked) return notSoInMas('locked');
    return { done: true, verified: ['MAS does not report the account as locked'] };
  }

  async suspend(user: UserId): Promise<Change> {
    await this.#requireMas();
    return this.#synapse.changeSuspension(user, true);
  }

  async unsuspend(user: UserId): Promise<Change> {
    await this.#requireMas();
    return this.#synapse.changeSuspension(user, false);
  }

  async reactivate(user: UserId): Promise<Change> {
    let owned: MasUser;
    try {
      owned = await this.#change(user, 'reactivate');
    } catch (error) {
      if (statusOf(error) !== 500) throw error;
      // MAS asks the homeserver first. Synapse 1.163 on SQLite fails: the statement behind it does not fit the table.
      const problem = 'MAS or the homeserver failed inside when asked to reactivate: see their logs.';
      return { done: false, verified: [], problem };
    }
    if (owned.isDeactivated) return notSoInMas('deactivated');
    const verified = ['MAS reports the account as active'];
    return owned.isLocked
      ? { done: true, verified, problem: 'It is still locked: unlock it.' }
      : { done: true, verified };
  }

  /** Ends sessions, sees that they are over, waits for Synapse to hear of it, and helps only then. `devices` undefined: all of the account. */
  async #end(
    user: UserId,
    owned: MasUser,
    sessions: readonly MasSession[],
    concerns: (session: MasSession) => boolean,
    devices: readonly string[] | undefined,
  ): Promise<Change> {
    const wasUsedWithoutDevice = sessions.some(({ kind, deviceId }) => kind !== 'browser' && deviceId === undefined);
    const ended: MasSession[] = [];
    const failed: MasSession[] = [];
    for (const session of sessions) ((await this.#endOne(session)) ? ended : failed).push(session);
    const listed = await this.#orFault(() => this.#mas.sessions(owned, true));
    if (isFault(listed)) {
      return {
        done: false,
        verified: ended.length > 0 ? [`${kindsOf(ended)} ended in MAS`] : [],
        mayLive: [...failed.map(describe), 'whatever was begun meanwhile'],
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
        mayLive: left.map(describe),
        problem: 'These sessions could not be ended and live until somebody ends them. Try again.',
      };
    }
    const verified = [
      ended.length > 0 ? `${kindsOf(ended)} ended in MAS, and no other is active` : 'no session is active in MAS',
    ];
    return this.#seeDevicesGone(user, devices, verified, wasUsedWithoutDevice);
  }

  async #seeDevicesGone(
    user: UserId,
    devices: readonly string[] | undefined,
    verified: readonly string[],
    wasUsedWithoutDevice: boolean,
  ): Promise<Change> {
    const mayLiveUntil = this.#now() + INTROSPECTION_CACHE_MS;
    const listed = async (): Promise<string[]> =>
      (await this.#synapse.devices(user)).map(({ deviceId }) => deviceId).filter((id) => devices?.includes(id) ?? true);
    try {
      let left = await listed();
      const until = performance.now() + (this.#parts.workerMs ?? WORKER_MS);
      while (left.length > 0 && performance.now() < until) {
        await sleep(POLL_MS);
        left = await listed();
      }
      const isWorkerLate = left.length > 0;
      if (isWorkerLate) {
        // Safe only now: a device whose session is over does not come back.
        await this.#synapse.deleteDevices(user, left);
        left = await listed();
      }
      if (left.length > 0) {
        const mayLive = left.map((device) => `device ${labelOf(device)}`);
        return { done: false, verified, mayLive, mayLiveUntil, problem: 'The homeserver still lists these devices.' };
      }
      const gone = devices
        ? `device ${devices.map(labelOf).join(', ')} is gone from the homeserver`
        : 'the account has no device any more';
      const facts = [...verified, isWorkerLate ? `${gone} (MAS was late, the homeserver was told directly)` : gone];
      if (!wasUsedWithoutDevice) return { done: true, verified: facts };
      return {
        done: false,
        verified: facts,
        mayLive: ['personal session without a device'],
        mayLiveUntil,
        problem: 'The homeserver remembers the token of a session without a device for up to two minutes.',
      };
    } catch (error) {
      if (!isFault(error)) throw error;
      const mayLive = devices?.map((device) => `device ${labelOf(device)}`) ?? ['every device of the account'];
      return {
        done: false,
        verified,
        mayLive,
        mayLiveUntil,
        problem: `The homeserver could not be asked. ${error.message}`,
      };
    }
  }

  async #seePushers(user: UserId, verified: readonly string[], all: boolean): Promise<Change> {
    const change = await this.#orFault(() => this.#synapse.seePushers(user, verified, all));
    if (!isFault(change)) return change;
    return { done: false, verified, problem: `Whether pushers are left could not be asked. ${change.message}` };
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

  /** MAS away before anything was ended: nothing is, and the answer says what lives on. */
  async #whileAway(user: UserId, devices: readonly string[] | undefined, work: () => Promise<Change>): Promise<Change> {
    await this.#requireMas();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const known = devices ?? (await this.#deviceIds(user));
      return {
        done: false,
        verified: [],
        mayLive: known?.map((device) => `device ${labelOf(device)}`) ?? ['every session of the account'],
        problem: `Nothing was ended: ${error.message} They live until they are ended; repeat the command when MAS is back.`,
      };
    }
  }

  async #deviceIds(user: UserId): Promise<string[] | undefined> {
    try {
      return (await this.#synapse.devices(user)).map(({ deviceId }) => deviceId);
    } catch {
      return undefined;
    }
  }

  async #change(user: UserId, verb: Parameters<MasAdmin['change']>[1]): Promise<MasUser> {
    await this.#requireMas();
    await this.#mas.change(await this.#owned(user), verb);
    return this.#owned(user);
  }

  async #owned(user: UserId): Promise<MasUser> {
    const owned = await this.#mas.find(user);
    if (owned === undefined) throw noSuchAccount();
    return owned;
  }

  async #requireMas(): Promise<void> {
    const mode = await this.mode();
    if (mode.mode === 'refusing') throw new UserError(`Nothing was done. ${mode.reason}`);
  }
}

function notSoInMas(flag: string): Change {
  return { done: false, verified: [], problem: `MAS accepted the change, but \`${flag}\` is not as asked.` };
}

function describe({ kind, deviceId, id }: MasSession): string {
  return deviceId === undefined ? `${kind} session ${id}` : `${kind} session of device ${labelOf(deviceId)}`;
}

function kindsOf(sessions: readonly MasSession[]): string {
  const counts = Map.groupBy(sessions, ({ kind }) => kind);
  return [...counts].map(([kind, { length }]) => count(length, `${kind} session`)).join(', ');
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
