import type { LineId } from '../model/ids.ts';
import type { ParkedKind, ParkedRow } from '../model/parked.ts';
import type { Keyword } from '../model/rows.ts';
import type { ParkedStore, ParkedStores } from '../ports/parked-store.ts';
import type { Bind, Database } from './database.ts';
import { finished, type Ending } from './finished.ts';
import { INBOX_QUEUES } from './sequelize-inbox-store.ts';
import type { StorageParts } from './storage-parts.ts';

/** A queue in a table, see `TableQueue`. */
interface ParkedTableOptions extends Ending {
  readonly kind: ParkedKind;
  readonly database: Database;
  readonly table: string;
  readonly prefix?: string;
  /** Columns that only some tables have. */
  readonly columns?: readonly ('line_id' | 'keyword')[];
  /** SQL that is true where the row may be tried again. */
  readonly retryWhen?: string;
  /** SQL assignments that go with a retry, and with the end. */
  readonly whenRetried?: string;
  readonly whenDropped?: string;
}

interface ParkedRecord {
  readonly id: string;
  readonly seq: number | string;
  readonly reference: string;
  readonly code: string | null;
  readonly parkedAt: number | string;
  readonly lineId: string | null;
  readonly keyword: string | null;
  readonly isWiped: boolean | number;
}

/** What each queue's rows are like when they are given up. */
export function parkedStores({ database, wipeAtOnce }: StorageParts): ParkedStores {
  const shared = { database, wipeAtOnce };
  const inbox = { ...shared, table: 'inbox', columns: ['line_id', 'keyword'], retryWhen: `line_id <> ''` } as const;
  return {
    inbox: new ParkedTable({ ...inbox, kind: 'inbox', ...INBOX_QUEUES.inbox }),
    keywords: new ParkedTable({
      ...inbox,
      kind: 'keywords',
      ...INBOX_QUEUES.keywords,
      // A STOP needs no line.
      retryWhen: `(line_id <> '' OR keyword = 'stop')`,
    }),
    outbox: new ParkedTable({
      ...shared,
      kind: 'outbox',
      table: 'outbox',
      columns: ['line_id'],
      // Only what certainly did not leave.
      retryWhen: `state IN ('ready', 'parked')`,
      whenRetried: `state = 'ready'`,
      whenDropped: `state = CASE state WHEN 'ready' THEN 'parked' ELSE state END`,
    }),
    notices: new ParkedTable({ ...shared, kind: 'notices', table: 'notices' }),
    'matrix-events': new ParkedTable({ ...shared, kind: 'matrix-events', table: 'matrix_events' }),
  };
}

/** The given up rows of a queue, found by the partial index of its `parked_at`. */
class ParkedTable implements ParkedStore {
  readonly #options: ParkedTableOptions;
  readonly #prefix: string;

  constructor(options: ParkedTableOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? '';
  }

  async count(): Promise<number> {
    const { database, table } = this.#options;
    const sql = `SELECT COUNT(*) AS "count" FROM ${table} WHERE ${this.#prefix}parked_at IS NOT NULL`;
    const [found] = await database.read((transaction) => database.select<{ count: number | string }>(transaction, sql));
    return Number(found?.count ?? 0);
  }

  list(afterSeq: number, limit: number, parkedUntil = Number.MAX_SAFE_INTEGER): Promise<readonly ParkedRow[]> {
    const until = `${this.#prefix}parked_at <= $3`;
    return this.#select(`seq > $1 AND ${until} ORDER BY seq LIMIT $2`, [afterSeq, limit, parkedUntil]);
  }

  find(reference: string): Promise<readonly ParkedRow[]> {
    return this.#select('trace = $1 ORDER BY seq', [reference]);
  }

  async retry(id: string, now: number): Promise<boolean> {
    const { retryWhen = 'TRUE', whenRetried } = this.#options;
    const p = this.#prefix;
    const set = `${p}run_at = $2, ${p}retried_at = $2, ${p}attempts = 0, ${p}code = NULL, finished_at = NULL`;
    return this.#change(`${set}${also(whenRetried)}`, `content IS NOT NULL AND ${retryWhen}`, [id, now]);
  }

  async drop(id: string, now: number): Promise<boolean> {
    return this.#change(`${finished(this.#options, '$2')}${also(this.#options.whenDropped)}`, 'TRUE', [id, now]);
  }

  /** Takes the row out of the parked ones. */
  async #change(set: string, where: string, bind: Bind): Promise<boolean> {
    const { database, table } = this.#options;
    const p = this.#prefix;
    const sql = `UPDATE ${table} SET ${p}parked_at = NULL, ${set} WHERE id = $1 AND ${p}parked_at IS NOT NULL AND ${where}`;
    return (await database.write((transaction) => database.execute(transaction, sql, bind))) > 0;
  }

  async #select(where: string, bind: Bind): Promise<readonly ParkedRow[]> {
    const { database, table, columns = [] } = this.#options;
    const p = this.#prefix;
    const sql = `SELECT id AS "id", seq AS "seq", trace AS "reference", ${p}code AS "code", ${p}parked_at AS "parkedAt",
        ${columns.includes('line_id') ? 'line_id' : 'NULL'} AS "lineId", ${columns.includes('keyword') ? 'keyword' : 'NULL'} AS "keyword",
        content IS NULL AS "isWiped"
      FROM ${table} WHERE ${p}parked_at IS NOT NULL AND ${where}`;
    const records = await database.read((transaction) => database.select<ParkedRecord>(transaction, sql, bind));
    return records.map((record) => this.#toRow(record));
  }

  #toRow({ id, seq, reference, code, parkedAt, lineId, keyword, isWiped }: ParkedRecord): ParkedRow {
    return {
      id,
      kind: this.#options.kind,
      seq: Number(seq),
      reference,
      code: code ?? '',
      parkedAt: Number(parkedAt),
      lineId: lineId ? (lineId as LineId) : undefined,
      keyword: (keyword ?? undefined) as Keyword | undefined,
      isWiped: Boolean(isWiped),
    };
  }
}

function also(assignments: string | undefined): string {
  return assignments === undefined ? '' : `, ${assignments}`;
}
