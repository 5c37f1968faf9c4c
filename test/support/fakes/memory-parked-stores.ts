/** What was given up, in memory. */
import type { LineId } from '../../../src/model/ids.ts';
import type { ParkedKind, ParkedRow } from '../../../src/model/parked.ts';
import type { Keyword, QueueRow } from '../../../src/model/rows.ts';
import type { ParkedStore } from '../../../src/ports/parked-store.ts';

/** A row of a queue. */
export interface ParkableEntry<Row extends QueueRow> {
  row: Row & { readonly lineId?: LineId | undefined; readonly keyword?: Keyword | undefined };
  runAt: number;
  end?: 'completed' | 'parked';
  code?: string;
  parkedAt?: number;
}

/** The given up rows of one queue. `mayRetry` and `retried` are what its table adds to the rules. */
export function parkedStore<Row extends QueueRow>(
  kind: ParkedKind,
  entries: () => ParkableEntry<Row>[],
  rules: { readonly mayRetry?: (row: Row) => boolean; readonly retried?: Partial<Row> } = {},
): ParkedStore {
  const parked = (until = Infinity) =>
    entries().filter(({ end, parkedAt = 0 }) => end === 'parked' && parkedAt <= until);
  const toRow = (entry: ParkableEntry<Row>): ParkedRow => ({
    id: entry.row.id,
    kind,
    seq: entries().indexOf(entry) + 1,
    reference: entry.row.trace,
    code: entry.code ?? '',
    parkedAt: entry.parkedAt ?? 0,
    lineId: entry.row.lineId,
    keyword: entry.row.keyword,
    isWiped: false,
  });
  return {
    count: async () => parked().length,
    list: async (afterSeq, limit, until) =>
      parked(until)
        .map(toRow)
        .filter(({ seq }) => seq > afterSeq)
        .slice(0, limit),
    find: async (reference) =>
      parked()
        .map(toRow)
        .filter((row) => row.reference === reference),
    async retry(id, now) {
      const entry = parked().find(({ row }) => row.id === id);
      if (entry === undefined || rules.mayRetry?.(entry.row) === false) return false;
      delete entry.end;
      entry.runAt = now;
      entry.row = { ...entry.row, ...rules.retried, attempts: 0, retriedAt: now };
      return true;
    },
    async drop(id) {
      const entry = parked().find(({ row }) => row.id === id);
      if (entry) entry.end = 'completed';
      return entry !== undefined;
    },
  };
}
