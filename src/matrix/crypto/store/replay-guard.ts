import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventId } from '../../../model/ids.ts';
import type { GroupCommit } from './group-commit.ts';

/**
 * Tells a message from its repetition. Whoever runs the homeserver can put an old ciphertext into the room again, as a new event, and it
 * decrypts: an order would be given twice. So a Megolm message (session and index) belongs to the event that it was first seen in. A power loss may
 * forget the last few; the queue's row of the event, which is on the disk, still keeps the event itself from being handled twice.
 */
export class ReplayGuard {
  readonly #commits: GroupCommit;
  readonly #note: StatementSync;
  readonly #find: StatementSync;

  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#note = database.prepare('INSERT OR IGNORE INTO decrypted VALUES (?, ?)');
    this.#find = database.prepare('SELECT event FROM decrypted WHERE message = ?');
  }

  /** True where the message was seen in another event before; else it belongs to this one from now on. */
  async isReplay(sessionId: string, index: number, eventId: EventId): Promise<boolean> {
    const message = hash(`${sessionId} ${index}`);
    const event = hash(eventId);
    let first: Uint8Array | undefined;
    await this.#commits.run('kill', () => {
      this.#note.run(message, event);
      first = (this.#find.get(message) as { event: Uint8Array }).event;
    });
    return first === undefined || !event.equals(first);
  }
}

/** 128 bits are enough to tell messages apart, and half the size. */
function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}
