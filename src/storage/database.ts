import { AsyncLocalStorage } from 'node:async_hooks';
import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import type { Transactions } from '../ports/transactions.ts';
import { destroyConnection } from './sqlite-module.ts';
import { Outage } from './outage.ts';
import { toStorageFault } from './storage-fault.ts';
import type { Statements, Writer } from './writer.ts';

/** The two databases that are supported. */
export type Dialect = 'sqlite' | 'postgres';

/** Values of a statement's `$1`, `$2` ... */
export type Bind = readonly (string | number | boolean | null)[];

interface Scope {
  readonly transaction: Transaction;
  readonly afterCommit: (() => void)[];
  isOver: boolean;
}

/**
 * How the repositories of this folder reach the database. Inside `run` everything belongs to its transaction, which asynchronous context carries;
 * elsewhere each call is committed when it returns. Every fault leaves here as one of ours.
 */
export class Database implements Transactions {
  readonly sequelize: Sequelize;
  readonly dialect: Dialect;
  readonly outage = new Outage();
  readonly #writer: Writer;
  readonly #scopes = new AsyncLocalStorage<Scope | undefined>();

  constructor(sequelize: Sequelize, dialect: Dialect, createWriter: (database: Database) => Writer) {
    this.sequelize = sequelize;
    this.dialect = dialect;
    this.#writer = createWriter(this);
  }

  get isInTransaction(): boolean {
    return this.#scope() !== undefined;
  }

  /** Reads: what is committed, or inside `run` what the transaction sees. */
  read<T>(query: Statements<T>): Promise<T> {
    return this.#guard(() => query(this.#scope()?.transaction ?? null));
  }

  /** Commits one statement, or adds it to the surrounding transaction. */
  write<T>(statement: Statements<T>): Promise<T> {
    return this.#within(statement, () => this.#writer.statement(statement));
  }

  /** Commits statements together, or adds them to the surrounding transaction. They may be repeated: see `Writer.atomic`. */
  atomic<T>(statements: Statements<T>): Promise<T> {
    return this.#within(statements, () => this.#writer.atomic(statements));
  }

  /** Reads or maintains while nothing is being written. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    return this.#guard(() => this.#writer.alone(run));
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isInTransaction) return work();
    const afterCommit: Scope['afterCommit'] = [];
    const result = await this.#writer.exclusive(async (transaction) => {
      const scope: Scope = { transaction, afterCommit, isOver: false };
      try {
        return await this.#scopes.run(scope, work);
      } finally {
        // What was started inside and not awaited goes on after the end, outside the transaction.
        scope.isOver = true;
      }
    });
    for (const hook of afterCommit) this.#scopes.run(undefined, hook);
    return result;
  }

  afterCommit(hook: () => void): void {
    const scope = this.#scope();
    if (scope === undefined) hook();
    else scope.afterCommit.push(hook);
  }

  /** Begins, commits and rolls back one transaction, for the writer and for migrations. */
  readonly inTransaction = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const transaction = await this.#guard(() => this.#begin());
    // A connection that could not be brought to a known state is closed, which rolls back, and not used again.
    const { connection } = transaction as unknown as { connection: unknown };
    let result: T;
    try {
      result = await work(transaction);
    } catch (error) {
      await transaction.rollback().catch(() => destroyConnection(connection));
      throw error;
    }
    try {
      await transaction.commit();
    } catch (error) {
      await destroyConnection(connection);
      throw this.#fault(error);
    }
    this.outage.wrote();
    return result;
  };

  /** Runs a statement and returns how many rows it changed. */
  async execute(transaction: Transaction | null, sql: string, bind: Bind = []): Promise<number> {
    const [, changed] = await this.sequelize.query(sql, { bind: [...bind], transaction, type: QueryTypes.UPDATE });
    return changed;
  }

  /** The rows of a query, by the names it gives its columns. */
  async select<Record extends object>(
    transaction: Transaction | null,
    sql: string,
    bind: Bind = [],
  ): Promise<Record[]> {
    return this.sequelize.query<Record>(sql, { bind: [...bind], transaction, type: QueryTypes.SELECT });
  }

  /** Takes no more writes, and waits for those at work. */
  stopWriting(): Promise<void> {
    return this.#writer.close();
  }

  close(): Promise<void> {
    return this.sequelize.close();
  }

  async #begin(): Promise<Transaction> {
    // An SQLite transaction that begins by reading could find the file changed when it comes to write.
    return this.dialect === 'sqlite'
      ? this.sequelize.transaction({ type: 'IMMEDIATE' as Transaction.TYPES })
      : this.sequelize.transaction();
  }

  #within<T>(statements: Statements<T>, alone: () => Promise<T>): Promise<T> {
    const scope = this.#scope();
    if (scope !== undefined) return this.#guard(() => statements(scope.transaction));
    return this.#guard(async () => {
      const result = await alone();
      this.outage.wrote();
      return result;
    });
  }

  #scope(): Scope | undefined {
    const scope = this.#scopes.getStore();
    return scope?.isOver ? undefined : scope;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(error: unknown): Error {
    this.outage.failed(error);
    return toStorageFault(error);
  }
}
