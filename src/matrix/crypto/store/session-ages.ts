import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { GroupCommit } from './group-commit.ts';

/** When outbound Megolm sessions were made. The engine does not tell, and whoever skips its check of the age must know. */
export class SessionAges {
  readonly #commits: GroupCommit;
  readonly #set: StatementSync;
  readonly #get: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#set = database.prepare('INSERT OR IGNORE INTO outbound_sessions VALUES (?, ?)');
    this.#get = database.prepare('SELECT made_at FROM outbound_sessions WHERE session_id = ?');
    this.#prune = database.prepare('DELETE FROM outbound_sessions WHERE made_at < ?');
  }

  /** Unix ms, or undefined where it is not known. */
  madeAt(sessionId: string): number | undefined {
    return (this.#get.get(sessionId) as { made_at: number } | undefined)?.made_at;
  }

  /** Notes it in the background; lost, the engine's own check is used. Sessions made before `forgetBefore` are of no use any more. */
  note(sessionId: string, madeAt: number, forgetBefore: number): void {
    const write = (): void => {
      this.#set.run(sessionId, madeAt);
      this.#prune.run(forgetBefore);
    };
    this.#commits.add('kill', write, () => {});
  }
}
