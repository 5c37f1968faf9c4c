import { RetryableError, UserError } from '../../errors.ts';
import { labelOf } from '../../model/device-label.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, Accounts, AccountsMode, AccountSession, Change } from '../../ports/accounts.ts';
import type { AccountOwner } from '../account-mode.ts';
import { statusOf } from '../matrix-fault.ts';
import {
  describeSession,
  EndMasSessions,
  INTROSPECTION_CACHE_MS,
  type EndMasSessionsParts,
} from './end-mas-sessions.ts';
import type { MasAdmin, MasUser } from './mas-admin.ts';
import { noSuchAccount, type SynapseAdmin } from './synapse-admin.ts';

/** What the adapter is made of. */
export interface MasAccountsParts extends EndMasSessionsParts {
  readonly detect: () => Promise<AccountOwner>;
}

/** Accounts of Matrix Authentication Service: its admin API ends and locks, Synapse's shows what came of it. */
export class MasAccounts implements Accounts {
  readonly #parts: MasAccountsParts;
  readonly #mas: MasAdmin;
  readonly #synapse: SynapseAdmin;
  readonly #ending: EndMasSessions;
  readonly #now: () => number;

  constructor(parts: MasAccountsParts) {
    this.#parts = parts;
    this.#mas = parts.mas;
    this.#synapse = parts.synapse;
    this.#ending = new EndMasSessions(parts);
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

  endDevice(user: UserId, deviceId: string): Promise<Change> {
    return this.#whileAway(user, [deviceId], async () => this.#ending.device(user, await this.#owned(user), deviceId));
  }

  endAllSessions(user: UserId): Promise<Change> {
    return this.#whileAway(user, undefined, async () => this.#ending.all(user, await this.#owned(user)));
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
      mayLive: alive.map(describeSession),
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
