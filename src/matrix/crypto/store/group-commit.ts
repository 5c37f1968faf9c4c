/** Many small writes to one SQLite file, few commits and fewer fsyncs. */
import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RetryableError } from '../../../errors.ts';

/** What a write must survive. `kill`: the end of this process. `power-loss`: also the end of the machine. */
export type Survives = 'kill' | 'power-loss';

interface Write {
  readonly apply: () => void;
  readonly survives: Survives;
  readonly done: (error?: Error) => void;
}

/**
 * Writes that are handed over in one turn of the event loop share a transaction. After COMMIT they are with the kernel (the file is opened with
 * `synchronous=NORMAL`), so they survive `kill -9`. Writes that must survive a power loss are reported as done only after an fdatasync
 * of the write-ahead log, in a thread, of which one runs at a time: however many users wait, they wait together, and the event loop does not.
 * SQLite itself orders the log before the database at each checkpoint.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #nextGeneration: () => number;
  readonly #log: number;
  #queue: Write[] = [];
  #unsynced: Write[] = [];
  #isSyncing = false;
  #isClosed = false;
  #diskFailure: Error | undefined;
  #committedGeneration = 0;
  #durableGeneration = 0;
  #failures = 0;

  /**
   * `logPath` is SQLite's write-ahead log. `nextGeneration` runs inside each transaction that must survive a power loss and returns the
   * number of such transactions so far, which it stores.
   */
  constructor(database: DatabaseSync, logPath: string, nextGeneration: () => number) {
    this.#database = database;
    this.#nextGeneration = nextGeneration;
    // Closing a descriptor of the log releases no lock: SQLite's locks are on the database file.
    this.#log = openSync(logPath, 'r+');
  }

  /** The newest generation that is known to survive a power loss. 0 before the first write. */
  get durableGeneration(): number {
    return this.#durableGeneration;
  }

  /** How many writes failed so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Resolves when `apply` has been committed and survives what it must. Rejects with a RetryableError where nothing was written. */
  run(survives: Survives, apply: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.add(survives, apply, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Like `run`. `done` may do anything, but must not throw. */
  add(survives: Survives, apply: () => void, done: (error?: Error) => void): void {
    if (this.#queue.push({ apply, survives, done }) === 1) setImmediate(() => this.#flush());
  }

  /** Waits for what was handed over; afterwards every write fails. */
  async close(): Promise<void> {
    while (this.#queue.length > 0 || this.#isSyncing) await nextTurn();
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#log);
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    const error = this.#commit(batch);
    if (error) return this.#report(batch, error);
    for (const write of batch) if (write.survives === 'power-loss') this.#unsynced.push(write);
    this.#sync();
    for (const { survives, done } of batch) if (survives === 'kill') done();
  }

  #commit(batch: readonly Write[]): Error | undefined {
    if (this.#isClosed) return new RetryableError('The crypto store is closed.');
    if (this.#diskFailure) return this.#diskFailure;
    try {
      this.#database.exec('BEGIN');
      for (const write of batch) write.apply();
      if (batch.some(({ survives }) => survives === 'power-loss')) this.#committedGeneration = this.#nextGeneration();
      this.#database.exec('COMMIT');
      return undefined;
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return new RetryableError('The crypto store could not be written. Is the disk full?', { cause });
    }
  }

  #sync(): void {
    if (this.#isSyncing || this.#unsynced.length === 0) return;
    const batch = this.#unsynced;
    const generation = this.#committedGeneration;
    this.#unsynced = [];
    this.#isSyncing = true;
    fdatasync(this.#log, (cause) => {
      this.#isSyncing = false;
      if (cause) {
        // What the kernel dropped after a failed fsync is unknown: nothing may be built on it.
        this.#diskFailure = new RetryableError('The disk failed under the crypto store. Restart Carebridge.', {
          cause,
        });
      } else {
        this.#durableGeneration = generation;
      }
      this.#report(batch, this.#diskFailure);
      this.#sync();
    });
  }

  #report(batch: readonly Write[], error: Error | undefined): void {
    if (error) this.#failures++;
    for (const { done } of batch) done(error);
  }
}
