import type { UserId } from '../model/ids.ts';
import type { AccountState, AccountStateStore } from '../ports/account-state-store.ts';
import { accountStateModel } from './models/account-models.ts';
import type { StorageParts } from './storage-parts.ts';
import { TableCache } from './table-cache.ts';

/** The table of accounts that we changed, kept in memory: lines look at it with every text. */
export class SequelizeAccountStateStore implements AccountStateStore {
  readonly #parts: StorageParts;
  readonly #current: TableCache<readonly AccountState[]>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    const model = accountStateModel(parts.database.sequelize);
    this.#current = new TableCache(parts.database, async (transaction) => {
      const records = await model.findAll({ order: ['changedAt', 'userId'], raw: true, transaction });
      return records.map((record) => ({
        userId: record.userId as UserId,
        wasLocked: Boolean(record.wasLocked),
        wasSuspended: Boolean(record.wasSuspended),
        absence: record.absence as AccountState['absence'],
        successor: (record.successor ?? undefined) as UserId | undefined,
        by: record.changedBy,
        at: Number(record.changedAt),
      }));
    });
  }

  current(): Promise<readonly AccountState[]> {
    return this.#current.get();
  }

  async reread(): Promise<void> {
    await this.#current.reread();
  }

  async find(user: UserId): Promise<AccountState | undefined> {
    return (await this.current()).find(({ userId }) => userId === user);
  }

  async set(state: AccountState): Promise<void> {
    const { database } = this.#parts;
    const sql = `INSERT INTO account_states (user_id, was_locked, was_suspended, absence, successor, changed_by, changed_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (user_id) DO UPDATE SET was_locked = excluded.was_locked, was_suspended = excluded.was_suspended,
        absence = excluded.absence, successor = excluded.successor, changed_by = excluded.changed_by, changed_at = excluded.changed_at`;
    const { userId, wasLocked, wasSuspended, absence, successor, by, at } = state;
    const bind = [userId, wasLocked, wasSuspended, absence, successor ?? null, by, at];
    await this.#current.change((transaction) => database.execute(transaction, sql, bind));
  }

  async replace(known: AccountState, next: AccountState | undefined): Promise<void> {
    const { database } = this.#parts;
    const isKnown = 'user_id = $1 AND absence = $2 AND changed_by = $3 AND changed_at = $4';
    const set = 'was_locked = $5, was_suspended = $6, absence = $7, successor = $8, changed_by = $9, changed_at = $10';
    const bind = [known.userId, known.absence, known.by, known.at];
    await this.#current.change((transaction) =>
      next === undefined
        ? database.execute(transaction, `DELETE FROM account_states WHERE ${isKnown}`, bind)
        : database.execute(transaction, `UPDATE account_states SET ${set} WHERE ${isKnown}`, [
            ...bind,
            ...[next.wasLocked, next.wasSuspended, next.absence, next.successor ?? null, next.by, next.at],
          ]),
    );
  }
}
