import { UserError } from '../../errors.ts';
import { labelOf } from '../../model/device-label.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, Accounts, AccountsMode, AccountSession, Change } from '../../ports/accounts.ts';
import type { AccountOwner } from '../account-mode.ts';
import { statusOf } from '../matrix-fault.ts';
import { noSuchAccount, notSo, type SynapseAdmin } from './synapse-admin.ts';

/** What the adapter is made of. */
export interface SynapseAccountsParts {
  readonly synapse: SynapseAdmin;
  /** Asked before every change: the same calls mean nothing where MAS owns the accounts. */
  readonly detect: () => Promise<AccountOwner>;
}

/** Accounts of a Synapse with its own passwords, by its admin API. */
export class SynapseAccounts implements Accounts {
  readonly #parts: SynapseAccountsParts;
  readonly #synapse: SynapseAdmin;

  constructor(parts: SynapseAccountsParts) {
    this.#parts = parts;
    this.#synapse = parts.synapse;
  }

  async mode(): Promise<AccountsMode> {
    const found = await this.#parts.detect();
    if (found.mode === 'native') return { mode: 'native', detail: 'the homeserver with its own passwords' };
    const reason = `The accounts belong to Matrix Authentication Service (${found.issuer}), where the homeserver’s own admin API does not end or lock anything. Configure accounts for MAS.`;
    return { mode: 'refusing', reason };
  }

  find(user: UserId): Promise<Account | undefined> {
    return this.#synapse.find(user);
  }

  search(text: string, limit: number, isWanted: (user: UserId) => boolean): Promise<readonly Account[]> {
    return this.#synapse.search(text, limit, isWanted);
  }

  devices(user: UserId) {
    return this.#synapse.devices(user);
  }

  async sessions(user: UserId): Promise<readonly AccountSession[]> {
    return (await this.#synapse.devices(user)).map((device) => ({
      id: device.deviceId,
      kind: 'device',
      createdAt: undefined,
      ...device,
    }));
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
    await this.#requireNative();
    const before = await this.#synapse.devices(user);
    const device = before.find((known) => known.deviceId === deviceId);
    if (device === undefined) {
      return { done: false, verified: [], problem: `There is no device ${labelOf(deviceId)} in the account’s list.` };
    }
    await this.#synapse.deleteDevices(user, [deviceId]);
    return this.#verifyGone(user, [deviceId]);
  }

  async endAllSessions(user: UserId): Promise<Change> {
    await this.#requireNative();
    const before = (await this.#synapse.devices(user)).map(({ deviceId }) => deviceId);
    await this.#synapse.deleteDevices(user, before);
    return this.#verifyGone(user, before, true);
  }

  async lock(user: UserId): Promise<Change> {
    return this.#setLocked(user, true);
  }

  async unlock(user: UserId): Promise<Change> {
    return this.#setLocked(user, false);
  }

  async suspend(user: UserId): Promise<Change> {
    await this.#requireNative();
    return this.#synapse.changeSuspension(user, true);
  }

  async unsuspend(user: UserId): Promise<Change> {
    await this.#requireNative();
    return this.#synapse.changeSuspension(user, false);
  }

  async reactivate(user: UserId): Promise<Change> {
    await this.#requireNative();
    const account = await this.#existing(user);
    try {
      if (account.isDeactivated === true) await this.#synapse.setFlag(user, 'deactivated', false);
    } catch (error) {
      if (statusOf(error) !== 500) throw error;
      // Seen with Synapse 1.163 on SQLite: the statement behind it does not fit the table.
      return {
        done: false,
        verified: [],
        problem: 'The homeserver failed inside when asked to reactivate: see its log.',
      };
    }
    const isSo = (await this.#synapse.find(user))?.isDeactivated === false;
    if (!isSo) return notSo('deactivated');
    const verified = ['the account is active'];
    // What deactivating took away does not come back.
    return account.isDeactivated === true
      ? { done: true, verified, problem: 'It has no password any more: set one in the homeserver’s administration.' }
      : { done: true, verified };
  }

  async #setLocked(user: UserId, value: boolean): Promise<Change> {
    await this.#requireNative();
    const account = await this.#existing(user);
    if (value && account.isDeactivated === true) {
      return { done: true, verified: ['the account is deactivated, which is more than locked'] };
    }
    await this.#synapse.setFlag(user, 'locked', value);
    if ((await this.#synapse.find(user))?.isLocked !== value) return notSo('locked');
    return {
      done: true,
      verified: [
        value
          ? 'the homeserver has the account as locked: it answers its requests with M_USER_LOCKED, all but signing out'
          : 'the account is not locked',
      ],
    };
  }

  async #verifyGone(user: UserId, devices: readonly string[], all = false): Promise<Change> {
    const left = (await this.#synapse.devices(user)).map(({ deviceId }) => deviceId);
    // A device that was made meanwhile is none of those that were to end, but "all" means all.
    const alive = all ? left : devices.filter((device) => left.includes(device));
    if (alive.length > 0) {
      return {
        done: false,
        verified: [],
        mayLive: alive.map((device) => `device ${labelOf(device)}`),
        problem: 'Some devices are still listed by the homeserver. Try again, or lock the account first.',
      };
    }
    const verified = [
      all
        ? 'the account has no device any more'
        : `device ${devices.map(labelOf).join(', ')} is gone, with its access token and its keys`,
    ];
    return this.#synapse.seePushers(user, verified, all);
  }

  async #existing(user: UserId): Promise<Account> {
    const account = await this.#synapse.find(user);
    if (account === undefined) throw noSuchAccount();
    return account;
  }

  async #requireNative(): Promise<void> {
    const mode = await this.mode();
    if (mode.mode === 'refusing') throw new UserError(`Nothing was done. ${mode.reason}`);
  }
}
