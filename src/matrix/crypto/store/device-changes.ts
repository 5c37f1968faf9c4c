import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { UserId } from '../../../model/ids.ts';
import type { GroupCommit } from './group-commit.ts';

/**
 * Whose devices changed, in order. Only the bot has a sync that reports it; each other machine remembers up to which change it was told, so
 * a ghost that was dropped from memory learns exactly what it missed, without a request.
 */
export class DeviceChanges {
  readonly #commits: GroupCommit;
  readonly #set: StatementSync;
  /** In order of the changes: a user's entry moves to the end with each. */
  readonly #changes = new Map<UserId, number>();
  #newest: number;

  /** `newestSeen` may be ahead of what is stored: a change may have been told on, and its record lost with the process. */
  constructor(database: DatabaseSync, commits: GroupCommit, newestSeen: number) {
    this.#commits = commits;
    this.#set = database.prepare(
      'INSERT INTO device_changes VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq',
    );
    const rows = database.prepare('SELECT user_id, seq FROM device_changes ORDER BY seq').all();
    for (const { user_id, seq } of rows as { user_id: UserId; seq: number }[]) this.#changes.set(user_id, seq);
    this.#newest = Math.max(newestSeen, ...this.#changes.values().toArray().slice(-1), 0);
  }

  /** The number of the newest change. */
  get newest(): number {
    return this.#newest;
  }

  /** Notes that the users' devices may have changed. Returns how to store it, to be run inside a transaction. */
  note(users: Iterable<UserId>): () => void {
    const noted: [UserId, number][] = [];
    for (const user of users) {
      this.#changes.delete(user);
      this.#changes.set(user, ++this.#newest);
      noted.push([user, this.#newest]);
    }
    return () => noted.forEach(([user, seq]) => this.#set.run(user, seq));
  }

  /** Notes and stores in the background: for what the bot's sync will report as well. */
  noteSoon(user: UserId): void {
    this.#commits.add('kill', this.note([user]), () => {});
  }

  /** Who changed after `seen`. */
  since(seen: number): UserId[] {
    if (seen >= this.#newest) return [];
    return [...this.#changes].filter(([, seq]) => seq > seen).map(([user]) => user);
  }
}
