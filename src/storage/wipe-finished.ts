import type { Database } from './database.ts';

/** What a sweep did. */
export interface Swept {
  /** Rows whose content was wiped. */
  readonly wiped: number;
  /** Rows that were removed. */
  readonly removed: number;
}

/**
 * How long finished rows stay, ms: their unique columns recognise repetitions. Carriers and homeservers repeat for hours to a few days, and delivery
 * reports come within days (docs/retention.md).
 */
export const KEEP_FINISHED_MS = 30 * 24 * 60 * 60_000;

const TABLES = ['inbox', 'outbox', 'notices', 'matrix_events', 'confirmations'] as const;
/** Parked rows of these go as well after that time. Of the inbox they stay: nobody else has the patient's words. */
const PARKED_GO = ['notices', 'matrix_events'] as const;
/** Few enough that other writers hardly wait. */
const ROWS_AT_ONCE = 500;

/** Wipes the content of rows finished for `wipeAfterMs`, and removes rows finished for `KEEP_FINISHED_MS`. */
export async function wipeFinished(database: Database, wipeAfterMs: number, now: number): Promise<Swept> {
  let wiped = 0;
  let removed = 0;
  for (const table of TABLES) {
    const some = (where: string) =>
      `seq IN (SELECT seq FROM ${table} WHERE ${where} ORDER BY finished_at LIMIT ${ROWS_AT_ONCE})`;
    wiped += await repeat(
      database,
      `UPDATE ${table} SET content = NULL WHERE ${some('finished_at IS NOT NULL AND content IS NOT NULL AND finished_at <= $1')}`,
      now - wipeAfterMs,
    );
    removed += await repeat(
      database,
      `DELETE FROM ${table} WHERE ${some('finished_at <= $1')}`,
      now - KEEP_FINISHED_MS,
    );
  }
  for (const table of PARKED_GO) {
    const parked = `SELECT seq FROM ${table} WHERE parked_at <= $1 ORDER BY parked_at LIMIT ${ROWS_AT_ONCE}`;
    removed += await repeat(database, `DELETE FROM ${table} WHERE seq IN (${parked})`, now - KEEP_FINISHED_MS);
  }
  const transactions = `SELECT txn_id FROM hs_transactions WHERE created_at <= $1 ORDER BY created_at LIMIT ${ROWS_AT_ONCE}`;
  removed += await repeat(
    database,
    `DELETE FROM hs_transactions WHERE txn_id IN (${transactions})`,
    now - KEEP_FINISHED_MS,
  );
  return { wiped, removed };
}

async function repeat(database: Database, sql: string, until: number): Promise<number> {
  let total = 0;
  for (;;) {
    const changed = await database.write((transaction) => database.execute(transaction, sql, [until]));
    total += changed;
    if (changed < ROWS_AT_ONCE) return total;
  }
}
