import type { Transaction } from 'sequelize';
import { RetryableError } from '../errors.ts';
import type { InTransaction, Statements, Writer } from './writer.ts';

interface Waiting {
  readonly kind: 'statement' | 'atomic' | 'exclusive' | 'alone';
  /** Runs the work, remembers its outcome and throws what it threw. */
  attempt(transaction: Transaction | null): Promise<void>;
  /** Tells the caller the outcome of the last attempt. */
  settle(): void;
  fail(error: unknown): void;
}

/** A wait for the disk is shared by at most so many. */
const MAX_GROUP = 64;
/** A transaction that holds the writer this long waits for somebody who waits for the writer. */
const STUCK_MS = 30_000;

/**
 * The one writer of an SQLite file: writes run one after another in the order they came, so that none finds the database busy. What waits meanwhile is
 * then committed together, since almost all of a commit's time is the wait for the disk.
 */
export class SqliteWriter implements Writer {
  readonly #inTransaction: InTransaction;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(inTransaction: InTransaction) {
    this.#inTransaction = inTransaction;
  }

  statement<T>(run: Statements<T>): Promise<T> {
    return this.#enqueue('statement', run);
  }

  atomic<T>(run: Statements<T>): Promise<T> {
    return this.#enqueue('atomic', run);
  }

  exclusive<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#enqueue('exclusive', (transaction) => work(transaction as Transaction));
  }

  alone<T>(run: () => Promise<T>): Promise<T> {
    return this.#enqueue('alone', run);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  #enqueue<T>(kind: Waiting['kind'], run: Statements<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new RetryableError('The database is closed.'));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let result: T;
    this.#waiting.push({
      kind,
      attempt: async (transaction) => void (result = await run(transaction)),
      settle: () => resolve(result),
      fail: reject,
    });
    this.#running ??= this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    // What was asked for in the same turn belongs to the first group.
    await Promise.resolve();
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      const [first] = group;
      if (first !== undefined && !canShare(first)) await this.#single(first);
      else await this.#together(group);
    }
    this.#running = undefined;
  }

  #nextGroup(): Waiting[] {
    const end = this.#waiting.slice(0, MAX_GROUP).findIndex((one) => !canShare(one));
    return this.#waiting.splice(0, end === -1 ? MAX_GROUP : Math.max(end, 1));
  }

  async #together(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (group.length === 1 && first !== undefined) return this.#single(first);
    try {
      await this.#inTransaction(async (transaction) => {
        for (const one of group) await one.attempt(transaction);
      });
    } catch {
      // One spoils the group: nothing of it was committed, and each is tried by itself to find out which.
      for (const one of group) await this.#single(one);
      return;
    }
    for (const one of group) one.settle();
  }

  async #single(one: Waiting): Promise<void> {
    const stuck = one.kind === 'exclusive' ? setTimeout(() => this.#giveUpWaiting(), STUCK_MS) : undefined;
    try {
      if (one.kind === 'statement' || one.kind === 'alone') await one.attempt(null);
      else await this.#inTransaction((transaction) => one.attempt(transaction));
      one.settle();
    } catch (error) {
      one.fail(error);
    } finally {
      clearTimeout(stuck);
    }
  }

  #giveUpWaiting(): void {
    for (const one of this.#waiting.splice(0))
      one.fail(new RetryableError('The database was held by another transaction.'));
  }
}

/** True where a commit may be shared with others. */
function canShare({ kind }: Waiting): boolean {
  return kind === 'statement' || kind === 'atomic';
}
