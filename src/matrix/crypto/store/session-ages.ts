import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RoomId, UserId } from '../../../model/ids.ts';
import type { GroupCommit } from './group-commit.ts';

/**
 * When outbound Megolm sessions were made. The engine does not tell, and whoever skips its check of the age must know: with a session
 * that is too old it panics. A session gets its name only with its first message, so until then the attempt to share is noted: it may have
 * made the session and then failed, and the next attempt, days later, finds it.
 */
export class SessionAges {
  readonly #commits: GroupCommit;
  readonly #begin: StatementSync;
  readonly #get: StatementSync;
  readonly #end: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#begin = database.prepare('INSERT OR IGNORE INTO outbound_sessions VALUES (?, ?)');
    this.#get = database.prepare('SELECT made_at FROM outbound_sessions WHERE session_id = ?');
    this.#end = database.prepare('DELETE FROM outbound_sessions WHERE session_id = ?');
    this.#prune = database.prepare('DELETE FROM outbound_sessions WHERE made_at < ?');
  }

  /** Unix ms, or undefined where it is not known. */
  madeAt(sessionId: string): number | undefined {
    return (this.#get.get(sessionId) as { made_at: number } | undefined)?.made_at;
  }

  /**
   * An attempt to share a key begins, which may make a session. Returns since when there have been attempts without a message, Unix ms. It is written before
   * whatever the attempt writes, and in the order of the calls.
   */
  begin(user: UserId, room: RoomId, now: number): number {
    const key = attemptKey(user, room);
    this.#commits.add('kill', () => this.#begin.run(key, now), ignore);
    return this.madeAt(key) ?? now;
  }

  /**
   * A message was encrypted: the attempts are over, and where `made` is given, a session got its name. Written in the background; lost, the
   * engine's own check is used. What is older than `forgetBefore` is of no use any more.
   */
  end(user: UserId, room: RoomId, forgetBefore: number, made?: { sessionId: string; at: number }): void {
    const write = (): void => {
      this.#end.run(attemptKey(user, room));
      this.#prune.run(forgetBefore);
      if (made) this.#begin.run(made.sessionId, made.at);
    };
    this.#commits.add('kill', write, ignore);
  }
}

/** Not a session id, and says nothing of the room. */
function attemptKey(user: UserId, room: RoomId): string {
  return `attempt ${createHash('sha256').update(`${user} ${room}`).digest('base64url')}`;
}

function ignore(): void {}
