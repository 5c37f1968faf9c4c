import type { Model, ModelStatic, Transaction } from 'sequelize';
import { PermanentError } from '../errors.ts';
import type { QueueRow } from '../model/rows.ts';
import type { QueueDepth, QueueStore } from '../ports/queue-store.ts';
import { Claims } from './claims.ts';
import type { Bind, Database } from './database.ts';
import { finished, type Ending } from './finished.ts';
import { selectList, tableOf } from './insert-once.ts';
import type { StorageParts } from './storage-parts.ts';

/** What every table with a queue has. */
export interface QueueRecord {
  readonly id: string;
  readonly lane: string;
  readonly trace: string;
}

/** A table and one of its queues. */
export interface TableQueueOptions<Row extends QueueRow, Record extends QueueRecord> extends Ending {
  readonly database: Database;
  readonly model: ModelStatic<Model>;
  /** What the queue's columns start with, where a table has several queues. */
  readonly prefix?: string;
  /** SQL assignments that undo what a try did to the row, for `retry` and `park`. */
  readonly undo?: string;
  /** The row as the port knows it. Throws PermanentError where it cannot be decrypted. */
  readonly toRow: (record: Record, attempts: number) => Row | Promise<Row>;
  readonly onUnreadable: StorageParts['onUnreadable'];
}

/** What a queue of the table has done with a row so far. */
interface Tried {
  readonly tries: number;
  readonly retried: number | string | null;
}

/** Due whatever the clock does: new rows are. */
export const AT_ONCE = 0;
/** Why a row that cannot be decrypted is parked. */
export const UNREADABLE = 'unreadable';

/** A queue in a table. The waiting rows are found by a partial index that the finished ones are not in. */
export class TableQueue<Row extends QueueRow, Record extends QueueRecord> implements QueueStore<Row> {
  readonly #options: TableQueueOptions<Row, Record>;
  readonly #database: Database;
  readonly #table: string;
  readonly #prefix: string;
  readonly #columns: string;
  readonly #claims = new Claims();

  constructor(options: TableQueueOptions<Row, Record>) {
    this.#options = options;
    this.#database = options.database;
    this.#table = tableOf(options.model);
    this.#prefix = options.prefix ?? '';
    this.#columns = selectList(options.model, 't');
  }

  async due(now: number, busyLanes: ReadonlySet<string>, limit: number): Promise<Row[]> {
    const sql = `SELECT ${this.#columns}, t.${this.#prefix}attempts AS "tries",
        t.${this.#prefix}retried_at AS "retried" ${this.#heads(busyLanes, 3)}
      ORDER BY t.seq LIMIT $2`;
    const records = await this.#database.read((transaction) =>
      this.#database.select<Record & Tried>(transaction, sql, [now, limit, ...busyLanes]),
    );
    const rows: Row[] = [];
    for (const { tries, retried, ...record } of records) {
      const row = await this.#readable(record as unknown as Record, { tries, retried });
      if (row === undefined) continue;
      this.#claims.claim(row.id);
      rows.push(row);
    }
    return rows;
  }

  async nextDueAt(after: number): Promise<number | undefined> {
    const sql = `SELECT MIN(${this.#prefix}run_at) AS "next" FROM ${this.#table}
      WHERE ${this.#prefix}run_at IS NOT NULL AND ${this.#prefix}run_at > $1`;
    const [record] = await this.#database.read((transaction) =>
      this.#database.select<{ next: number | string | null }>(transaction, sql, [after]),
    );
    return record?.next == null ? undefined : Number(record.next);
  }

  async complete(id: string): Promise<void> {
    await this.#end(id, finished(this.#options, '$2'), [Date.now()]);
  }

  async retry(id: string, runAt: number, code: string, countsAsAttempt: boolean): Promise<void> {
    const wasWoken = this.#claims.release(id);
    const p = this.#prefix;
    const set = `${p}run_at = $2, ${p}code = $3, ${p}waits_outside = $4, ${p}attempts = ${p}attempts + $5`;
    const at = wasWoken && !countsAsAttempt ? AT_ONCE : runAt;
    const bind = [id, at, code, !countsAsAttempt, countsAsAttempt ? 1 : 0];
    await this.#database.write((transaction) => this.#update(transaction, `${set}${this.#undo()}`, bind));
  }

  async park(id: string, code: string): Promise<void> {
    await this.#end(id, `${this.#prefix}parked_at = $2, ${this.#prefix}code = $3${this.#undo()}`, [Date.now(), code]);
  }

  async depth(now: number): Promise<QueueDepth> {
    const p = this.#prefix;
    const sql = `SELECT COUNT(*) AS "waiting", MIN(created_at) AS "oldest",
        (SELECT COUNT(*) FROM ${this.#table} WHERE ${p}parked_at IS NOT NULL) AS "parked"
      FROM ${this.#table} WHERE ${p}run_at IS NOT NULL`;
    type Depth = { waiting: number | string; parked: number | string; oldest: number | string | null };
    const [depth] = await this.#database.read((transaction) => this.#database.select<Depth>(transaction, sql));
    const oldest = depth?.oldest ?? now;
    return {
      waiting: Number(depth?.waiting ?? 0),
      parked: Number(depth?.parked ?? 0),
      oldestAgeMs: Math.max(0, now - Number(oldest)),
    };
  }

  /** Makes externally blocked rows due now: those whose `column` equals `value`, or all of them if no value is given. */
  async wakeWhere(column: 'lane' | 'room_id', value: string | undefined): Promise<void> {
    const p = this.#prefix;
    const where = value === undefined ? '' : ` AND ${column} = $2`;
    const sql = `UPDATE ${this.#table} SET ${p}run_at = $1 WHERE ${p}waits_outside AND ${p}run_at IS NOT NULL${where}`;
    this.#claims.wake();
    await this.#database.write((transaction) =>
      this.#database.execute(transaction, sql, value === undefined ? [AT_ONCE] : [AT_ONCE, value]),
    );
  }

  /** Completes the row with `value` in `column`, if it still waits. */
  protected async completeWhere(column: 'event_id', value: string): Promise<void> {
    const set = `run_at = NULL, waits_outside = FALSE, ${finished(this.#options, '$2')}`;
    const sql = `UPDATE ${this.#table} SET ${set} WHERE ${column} = $1 AND run_at IS NOT NULL`;
    await this.#database.write((transaction) => this.#database.execute(transaction, sql, [value, Date.now()]));
  }

  /** For an end of a row that the queue does not see, such as a text's new state. */
  protected forget(id: string): void {
    this.#claims.release(id);
  }

  /** Takes the row out of the queue. */
  async #end(id: string, set: string, bind: Bind): Promise<void> {
    this.#claims.release(id);
    const p = this.#prefix;
    await this.#database.write((transaction) =>
      this.#update(transaction, `${p}run_at = NULL, ${p}waits_outside = FALSE, ${set}`, [id, ...bind]),
    );
  }

  /** A row that left the queue meanwhile, e.g. since its handler settled it, stays as it is. */
  async #update(transaction: Transaction | null, set: string, bind: Bind): Promise<void> {
    const sql = `UPDATE ${this.#table} SET ${set} WHERE id = $1 AND ${this.#prefix}run_at IS NOT NULL`;
    await this.#database.execute(transaction, sql, bind);
  }

  /**
   * The oldest waiting row of each lane as `t`, if it is due at `$1`, but for busy lanes; these are bound from `$first` on. Walks through what waits in its
   * order until there is enough; the plus keeps the index of due times, with which all would be sorted, out of that.
   */
  #heads(busyLanes: ReadonlySet<string>, first: number): string {
    const busy = Array.from(busyLanes, (_lane, index) => `$${first + index}`).join(', ');
    const runAt = `${this.#prefix}run_at`;
    return `FROM ${this.#table} AS t WHERE t.${runAt} IS NOT NULL AND +t.${runAt} <= $1
      AND NOT EXISTS (SELECT 1 FROM ${this.#table} AS e WHERE e.lane = t.lane AND e.seq < t.seq AND e.${runAt} IS NOT NULL)
      ${busy === '' ? '' : `AND t.lane NOT IN (${busy})`}`;
  }

  /** One row that cannot be read must not hold up the others: it is parked, and that it was is told, in one commit. */
  async #readable(record: Record, { tries, retried }: Tried): Promise<Row | undefined> {
    const again = retried === null ? {} : { retriedAt: Number(retried) };
    try {
      return { ...(await this.#options.toRow(record, tries)), ...again };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      const { id, trace } = record;
      await this.#database.run(async () => {
        await this.#options.onUnreadable({ table: this.#table, id, trace, ...again });
        await this.park(id, UNREADABLE);
      });
      return undefined;
    }
  }

  #undo(): string {
    return this.#options.undo === undefined ? '' : `, ${this.#options.undo}`;
  }
}
