import { RetryableError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { CryptoUser } from './crypto-user.ts';

export interface GhostPoolOptions {
  /** Loads a ghost's machine. */
  readonly open: (userId: UserId) => Promise<CryptoUser>;
  /** A ghost unused for this long is dropped from memory. */
  readonly idleMs: number;
  /** So many at most, and those in use. */
  readonly maxLoaded: number;
  /** Unix ms. */
  readonly now?: () => number;
}

interface Entry {
  readonly user: Promise<CryptoUser>;
  users: number;
  lastUsedAt: number;
}

/** The ghosts whose machines are in memory: loaded on demand, dropped when idle or when there are too many. One in use is never dropped. */
export class GhostPool {
  readonly #options: GhostPoolOptions;
  readonly #now: () => number;
  /** In the order of use: the least recently used first. */
  readonly #entries = new Map<UserId, Entry>();
  readonly #closing = new Map<UserId, Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: GhostPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => this.dropIdle(), Math.max(1_000, Math.min(options.idleMs / 4, 60_000)));
    this.#timer.unref();
  }

  /** How many are in memory. */
  get size(): number {
    return this.#entries.size;
  }

  /** Runs `task` with the ghost's machine, which stays loaded for as long as it takes. */
  async use<T>(userId: UserId, task: (user: CryptoUser) => Promise<T>): Promise<T> {
    const entry = await this.#enter(userId);
    try {
      return await task(await entry.user);
    } finally {
      entry.users--;
      entry.lastUsedAt = this.#now();
      this.#dropSurplus();
    }
  }

  /** Drops what nobody has used for long. */
  dropIdle(): void {
    const before = this.#now() - this.#options.idleMs;
    for (const [userId, { users, lastUsedAt }] of this.#entries) {
      if (users === 0 && lastUsedAt <= before) this.#drop(userId);
    }
  }

  /** Waits until nobody uses a ghost any more, and drops all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (;;) {
      for (const [userId, { users }] of this.#entries) if (users === 0) this.#drop(userId);
      await Promise.all(this.#closing.values());
      if (this.#entries.size === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #enter(userId: UserId): Promise<Entry> {
    // A machine that is still closing holds the databases of its successor.
    while (this.#closing.has(userId)) await this.#closing.get(userId);
    if (this.#isClosed) throw new RetryableError('The bridge is stopping.');
    const known = this.#entries.get(userId);
    const entry = known ?? { user: this.#open(userId), users: 0, lastUsedAt: this.#now() };
    this.#entries.delete(userId);
    this.#entries.set(userId, entry);
    entry.users++;
    return entry;
  }

  #open(userId: UserId): Promise<CryptoUser> {
    const user = this.#options.open(userId);
    // The next use tries again.
    user.catch(() => this.#entries.delete(userId));
    return user;
  }

  #dropSurplus(): void {
    let surplus = this.#entries.size - this.#options.maxLoaded;
    for (const [userId, { users }] of this.#entries) {
      if (surplus <= 0) return;
      if (users > 0) continue;
      this.#drop(userId);
      surplus--;
    }
  }

  #drop(userId: UserId): void {
    const entry = this.#entries.get(userId);
    if (entry === undefined) return;
    this.#entries.delete(userId);
    const closed = entry.user
      .then((user) => user.close())
      .catch(() => undefined)
      .finally(() => this.#closing.delete(userId));
    this.#closing.set(userId, closed);
  }
}
