import type { QueueRow } from '../model/rows.ts';

/** Where a durable queue keeps its rows. Implemented per table; the queue itself knows nothing of what a row means. */
export interface QueueStore<Row extends QueueRow> {
  /**
   * The oldest unfinished row of each lane not in `busyLanes`, where that row is due at `now` (Unix ms); at most `limit`, oldest
   * first. A lane whose oldest row is not yet due gives nothing: order is kept.
   */
  due(now: number, busyLanes: ReadonlySet<string>, limit: number): Promise<Row[]>;
  /**
   * When the next row falls due that was not due at `after` (Unix ms), or undefined where none waits. Rows due at `after` are at work, or behind
   * one that is: the end of their lane is noticed by itself.
   */
  nextDueAt(after: number): Promise<number | undefined>;
  /** Finished: the row leaves the queue. PHI columns are wiped at once or by the later sweep, as configured. */
  complete(id: string): Promise<void>;
  /** Not yet: try again at `runAt`; `countsAsAttempt` is false where it only waits for something outside. `code` is PHI-free. */
  retry(id: string, runAt: number, code: string, countsAsAttempt: boolean): Promise<void>;
  /** Given up: kept for a person to look at. `code` is PHI-free. */
  park(id: string, code: string): Promise<void>;
  /** How many rows wait, are parked, and the age in ms of the oldest waiting one: for `/metrics`. */
  depth(now: number): Promise<QueueDepth>;
}

/** What a queue holds. */
export interface QueueDepth {
  readonly waiting: number;
  readonly parked: number;
  readonly oldestAgeMs: number;
}
