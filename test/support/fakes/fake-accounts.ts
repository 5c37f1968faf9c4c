/** Accounts in memory, as a homeserver with its own passwords has them. */
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type {
  Account,
  AccountDevice,
  Accounts,
  AccountsMode,
  AccountSession,
  Change,
  Connection,
  Pusher,
} from '../../../src/ports/accounts.ts';

interface FakeAccount {
  account: { -readonly [K in keyof Account]: Account[K] };
  devices: AccountDevice[];
}

/** The accounts, and what was asked of them. */
export class FakeAccounts implements Accounts {
  readonly all = new Map<UserId, FakeAccount>();
  /** `verb user`, of what changes something. */
  readonly changes: string[] = [];
  /** As where MAS owns the accounts: a lock leaves sessions alive. */
  isMas = false;
  /** The server is away. */
  isAway = false;
  /** MAS is away, and the homeserver goes on. */
  isOwnerAway = false;
  /** Where pushes go, of everybody. */
  pushing: readonly Pusher[] = [];
  rooms: (user: UserId) => readonly RoomId[] = () => [];

  add(userId: UserId, devices: readonly string[] = [], changes: Partial<Account> = {}): void {
    this.all.set(userId, {
      account: {
        userId,
        displayName: undefined,
        isAdmin: false,
        isLocked: false,
        isSuspended: false,
        isDeactivated: false,
        ...changes,
      },
      devices: devices.map((deviceId) => device(deviceId)),
    });
  }

  of(user: UserId): FakeAccount {
    if (this.isAway) throw new RetryableError('The server is away.');
    const found = this.all.get(user);
    if (found === undefined) throw new PermanentError('There is no such account. Nothing was done.');
    return found;
  }

  async mode(): Promise<AccountsMode> {
    return { mode: this.isMas ? 'mas' : 'native', detail: 'played' };
  }

  async find(user: UserId): Promise<Account | undefined> {
    if (this.isOwnerAway) throw new RetryableError('MAS is away.');
    return this.all.has(user) ? { ...this.of(user).account } : undefined;
  }

  async search(text: string, limit: number, isWanted: (user: UserId) => boolean): Promise<readonly Account[]> {
    const found = [...this.all.values()].filter(
      ({ account }) =>
        isWanted(account.userId) &&
        `${account.displayName} ${account.userId}`.toLowerCase().includes(text.toLowerCase()),
    );
    return found.slice(0, limit).map(({ account }) => ({ ...account }));
  }

  async devices(user: UserId): Promise<readonly AccountDevice[]> {
    return [...this.of(user).devices];
  }

  async sessions(user: UserId): Promise<readonly AccountSession[]> {
    return this.of(user).devices.map((one) => ({ ...one, id: one.deviceId, kind: 'device', createdAt: undefined }));
  }

  async pushers(): Promise<readonly Pusher[]> {
    return this.pushing;
  }

  async whois(user: UserId): Promise<readonly Connection[]> {
    return this.of(user).devices.map(({ ip = 'unknown', lastSeenAt, userAgent }) => ({ ip, lastSeenAt, userAgent }));
  }

  async joinedRooms(user: UserId): Promise<readonly RoomId[]> {
    this.of(user);
    return this.rooms(user);
  }

  async endDevice(user: UserId, deviceId: string): Promise<Change> {
    const found = this.of(user);
    if (!found.devices.some((one) => one.deviceId === deviceId))
      return { done: false, verified: [], problem: 'no such device' };
    found.devices = found.devices.filter((one) => one.deviceId !== deviceId);
    return this.#did(`end ${deviceId}`, user, `device ${deviceId} is gone`);
  }

  async endAllSessions(user: UserId): Promise<Change> {
    this.of(user).devices = [];
    return this.#did('end-all', user, 'the account has no device any more');
  }

  async lock(user: UserId): Promise<Change> {
    const { account, devices } = this.of(user);
    account.isLocked = true;
    const change = this.#did('lock', user, 'the account is locked');
    return this.isMas && devices.length > 0
      ? {
          ...change,
          done: false,
          mayLive: devices.map(({ deviceId }) => deviceId),
          mayLiveUntil: 0,
          problem: 'two minutes',
        }
      : change;
  }

  async unlock(user: UserId): Promise<Change> {
    this.of(user).account.isLocked = false;
    return this.#did('unlock', user, 'the account is not locked');
  }

  async suspend(user: UserId): Promise<Change> {
    this.of(user).account.isSuspended = true;
    return this.#did('suspend', user, 'the account is suspended');
  }

  async unsuspend(user: UserId): Promise<Change> {
    this.of(user).account.isSuspended = false;
    return this.#did('unsuspend', user, 'the account is not suspended');
  }

  async reactivate(user: UserId): Promise<Change> {
    this.of(user).account.isDeactivated = false;
    return this.#did('reactivate', user, 'the account is active');
  }

  #did(verb: string, user: UserId, fact: string): Change {
    this.changes.push(`${verb} ${user}`);
    return { done: true, verified: [fact] };
  }
}

/** A device that was used an hour ago from the house. */
export function device(deviceId: string, changes: Partial<AccountDevice> = {}): AccountDevice {
  const common = { name: `Element on ${deviceId}`, ip: '10.1.2.3', userAgent: 'Element' };
  return { deviceId, ...common, lastSeenAt: Date.now() - 3_600_000, ...changes };
}
