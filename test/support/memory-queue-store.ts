import type { QueueRow } from '../../src/model/rows.ts';
import type { QueueStore } from '../../src/ports/queue-store.ts';

interface Entry<Row> {
  row: Row;
  runAt: number;
  end: 'completed' | 'parked' | undefined;
}

/** A queue store in memory, with the same rules as the tables. `ends` tells what became of each row. */
export class MemoryQueueStore<Row extends QueueRow> implements QueueStore<Row> {
  readonly #entries: Entry<Row>[] = [];
  readonly ends: string[] = [];
  /** Every look at the rows fails when set. */
  failing = false;
  /** Every change of a row fails when set. */
  failingWrites = false;
  /** How often `due` was called. */
  looks = 0;

  add(row: Row): void {
    this.#entries.push({ row, runAt: 0, end: undefined });
  }

  async due(now: number, busyLanes: ReadonlySet<string>, limit: number): Promise<Row[]> {
    this.looks++;
    if (this.failing) throw new Error('the store is down');
    const heads = new Map<string, Entry<Row>>();
    for (const entry of this.#open()) if (!heads.has(entry.row.lane)) heads.set(entry.row.lane, entry);
    return [...heads.values()]
      .filter(({ row, runAt }) => runAt <= now && !busyLanes.has(row.lane))
      .slice(0, limit)
      .map(({ row }) => row);
  }

  async nextDueAt(after: number): Promise<number | undefined> {
    const later = this.#open()
      .map(({ runAt }) => runAt)
      .filter((runAt) => runAt > after);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  async complete(id: string): Promise<void> {
    this.#end(id, 'completed');
  }

  async retry(id: string, runAt: number, _code: string, countsAsAttempt: boolean): Promise<void> {
    const entry = this.#find(id);
    entry.runAt = runAt;
    if (countsAsAttempt) entry.row = { ...entry.row, attempts: entry.row.attempts + 1 };
    this.ends.push(`${id} ${countsAsAttempt ? 'retried' : 'waits'}`);
  }

  async park(id: string): Promise<void> {
    this.#end(id, 'parked');
  }

  async depth(): Promise<{ waiting: number; parked: number; oldestAgeMs: number }> {
    const parked = this.#entries.filter(({ end }) => end === 'parked').length;
    return { waiting: this.#open().length, parked, oldestAgeMs: 0 };
  }

  #open(): Entry<Row>[] {
    return this.#entries.filter(({ end }) => end === undefined);
  }

  #find(id: string): Entry<Row> {
    if (this.failingWrites) throw new Error('the disk is full');
    const entry = this.#entries.find(({ row }) => row.id === id);
    if (entry === undefined) throw new Error(`no row ${id}`);
    return entry;
  }

  #end(id: string, end: 'completed' | 'parked'): void {
    this.#find(id).end = end;
    this.ends.push(`${id} ${end}`);
  }
}
