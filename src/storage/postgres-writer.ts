import type { Transaction } from 'sequelize';
import { RetryableError } from '../errors.ts';
import type { InTransaction, Statements, Writer } from './writer.ts';

/** Writes to PostgreSQL: each on a connection of the pool, side by side. */
export class PostgresWriter implements Writer {
  readonly #inTransaction: InTransaction;
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(inTransaction: InTransaction) {
    this.#inTransaction = inTransaction;
  }

  statement<T>(run: Statements<T>): Promise<T> {
    return this.#track(() => run(null));
  }

  atomic<T>(run: Statements<T>): Promise<T> {
    return this.#track(() => this.#inTransaction(run));
  }

  exclusive<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#track(() => this.#inTransaction(work));
  }

  alone<T>(run: () => Promise<T>): Promise<T> {
    return this.#track(run);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
  }

  async #track<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new RetryableError('The database is closed.');
    const running = run();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
