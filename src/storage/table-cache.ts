import type { Transaction } from 'sequelize';
import type { Database } from './database.ts';

/**
 * What is in effect of a small table, read once and kept. Inside a transaction it is neither asked nor filled, so that what is rolled back was never
 * seen by others.
 */
export class TableCache<T> {
  readonly #database: Database;
  readonly #read: (transaction: Transaction | null) => Promise<T>;
  #value: { readonly value: T } | undefined;
  #reading: Promise<T> | undefined;
  #drops = 0;

  constructor(database: Database, read: (transaction: Transaction | null) => Promise<T>) {
    this.#database = database;
    this.#read = read;
  }

  async get(): Promise<T> {
    if (this.#database.isInTransaction) return this.#database.read(this.#read);
    if (this.#value !== undefined) return this.#value.value;
    return (this.#reading ??= this.#fill());
  }

  /** Changes the table, in the surrounding transaction where there is one. Drops before and after: what others read until the commit is the state before it. */
  async change<R>(statements: (transaction: Transaction | null) => Promise<R>): Promise<R> {
    this.#drop();
    const result = await this.#database.atomic(statements);
    this.#database.afterCommit(() => this.#drop());
    return result;
  }

  /** Reads the table anew: another process may have changed it. Returns whether what it reads, plain data, is different. */
  async reread(): Promise<boolean> {
    const before = await this.get();
    this.#drop();
    return JSON.stringify(await this.get()) !== JSON.stringify(before);
  }

  async #fill(): Promise<T> {
    const drops = this.#drops;
    try {
      const value = await this.#database.read(this.#read);
      // What was read before a drop may be older than the change.
      if (drops === this.#drops) this.#value = { value };
      return value;
    } finally {
      if (drops === this.#drops) this.#reading = undefined;
    }
  }

  #drop(): void {
    this.#drops++;
    this.#value = undefined;
    this.#reading = undefined;
  }
}
