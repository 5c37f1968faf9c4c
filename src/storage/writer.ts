import type { Transaction } from 'sequelize';

/** Statements of one unit of work. Given null, each runs in a transaction of its own. */
export type Statements<T> = (transaction: Transaction | null) => Promise<T>;

/** How writes reach the database: one implementation a dialect. */
export interface Writer {
  /** Commits one statement. */
  statement<T>(run: Statements<T>): Promise<T>;
  /** Commits several statements together; `run` may be repeated, after a rollback, and so must touch nothing but the database. */
  atomic<T>(run: Statements<T>): Promise<T>;
  /** Commits whatever `work` does in the transaction, which it may hold for a while. Never repeated. */
  exclusive<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs something that no transaction may be open for. */
  alone<T>(run: () => Promise<T>): Promise<T>;
  /** Takes nothing new, and waits for what is at work. */
  close(): Promise<void>;
}

/** Begins, commits and rolls back. Throws what `work` threw. */
export type InTransaction = <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;
