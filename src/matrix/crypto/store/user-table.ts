import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { UserId } from '../../../model/ids.ts';
import type { GroupCommit } from './group-commit.ts';

/** How far the provisioning of a user came. Each step is safe to repeat. `ready` is the end. */
export type ProvisioningStep = 'new' | 'ready';

/** One of our users that has keys, or is getting them. */
export interface StoredUser {
  /** Stands for the user in the names of databases and files. */
  readonly number: number;
  readonly userId: UserId;
  readonly step: ProvisioningStep;
  /** Up to which change of other users' devices this user's machine has been told. */
  readonly seen: number;
}

/** Our users that have keys. */
export class UserTable {
  readonly #commits: GroupCommit;
  readonly #get: StatementSync;
  readonly #add: StatementSync;
  readonly #setStep: StatementSync;
  readonly #setSeen: StatementSync;
  readonly #all: StatementSync;
  readonly #newestSeen: StatementSync;

  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#get = database.prepare('SELECT number, user_id AS userId, step, seen FROM users WHERE user_id = ?');
    this.#add = database.prepare("INSERT OR IGNORE INTO users (user_id, step, seen) VALUES (?, 'new', ?)");
    this.#setStep = database.prepare('UPDATE users SET step = ? WHERE user_id = ?');
    this.#setSeen = database.prepare('UPDATE users SET seen = ? WHERE user_id = ? AND seen < ?');
    this.#all = database.prepare('SELECT user_id FROM users ORDER BY number');
    this.#newestSeen = database.prepare('SELECT coalesce(max(seen), 0) AS seen FROM users');
  }

  find(userId: UserId): StoredUser | undefined {
    return this.#get.get(userId) as StoredUser | undefined;
  }

  /** The user's row, made where needed. `seen` is for a new one: it has no devices of others that could be stale. */
  async ensure(userId: UserId, seen: number): Promise<StoredUser> {
    const known = this.find(userId);
    if (known) return known;
    await this.#commits.run('power-loss', () => this.#add.run(userId, seen));
    return this.find(userId) as StoredUser;
  }

  async setStep(userId: UserId, step: ProvisioningStep): Promise<void> {
    await this.#commits.run('power-loss', () => this.#setStep.run(step, userId));
  }

  /** Lost with the power, the machine is told once more. */
  async setSeen(userId: UserId, seen: number): Promise<void> {
    await this.#commits.run('kill', () => this.#setSeen.run(seen, userId, seen));
  }

  newestSeen(): number {
    return (this.#newestSeen.get() as { seen: number }).seen;
  }

  all(): UserId[] {
    return (this.#all.all() as { user_id: UserId }[]).map(({ user_id }) => user_id);
  }
}
