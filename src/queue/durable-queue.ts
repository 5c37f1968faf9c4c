import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Handled } from '../model/handled.ts';
import type { QueueRow } from '../model/rows.ts';
import type { QueueStore } from '../ports/queue-store.ts';
import { backoffMs } from '../model/backoff.ts';

/** What one queue does with its rows. */
export interface QueueHandler<Row extends QueueRow> {
  /**
   * Must be safe to repeat: a process may die after its effect and before the row's end is committed. RetryableError is retried with
   * backoff, PermanentError parks at once, anything else is a bug and parks after `BUG_ATTEMPTS`.
   */
  run(row: Row, signal: AbortSignal): Promise<Handled>;
  /** Reports to people a row that is about to be parked: before, so that no crash hides it. Must be safe to repeat. */
  parked(row: Row, code: string): Promise<void>;
}

/** How a queue runs. */
export interface QueueOptions {
  readonly name: string;
  /** Lanes at work at the same time. */
  readonly concurrency: number;
  /** After how many RetryableErrors a row is parked; Infinity where giving up would lose something. */
  readonly maxAttempts: number;
  /** The longest time between two looks at the store, ms. */
  readonly pollMs?: number;
  /** True while no row can succeed: none is begun, so that none waits longer than the hindrance lasts. `notify` when it has gone. */
  readonly isHindered?: () => boolean;
}

const BUG_ATTEMPTS = 5;
/** How long to leave a store alone that has just failed, ms. */
const STORE_FAULT_PAUSE_MS = 1_000;

/**
 * Runs the rows of a store: each lane in order, lanes side by side. The store is polled and is the truth; `notify` only
 * shortens the wait. Knows nothing of what a row means.
 */
export class DurableQueue<Row extends QueueRow> {
  readonly #store: QueueStore<Row>;
  readonly #handler: QueueHandler<Row>;
  readonly #options: QueueOptions;
  readonly #log: Logger;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;

  constructor(store: QueueStore<Row>, handler: QueueHandler<Row>, options: QueueOptions, log: Logger) {
    this.#store = store;
    this.#handler = handler;
    this.#options = options;
    this.#log = log;
  }

  /** Looks at the store now. Cheap to call often. Does nothing after `stop`. */
  notify(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#filling) {
      this.#again = true;
      return;
    }
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
      if (this.#again) {
        this.#again = false;
        this.notify();
      }
    });
  }

  /** Takes no new rows, gives those at work `graceMs` to finish, then aborts their signal and waits for them to return. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#filling;
    const aborting = setTimeout(() => this.#handlers.abort(), graceMs);
    await Promise.all(this.#busy.values());
    clearTimeout(aborting);
  }

  readonly #handlers = new AbortController();

  async #fill(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#options.isHindered?.() === true) return this.#lookAgainAt(undefined);
    try {
      const free = this.#options.concurrency - this.#busy.size;
      if (free > 0) {
        const now = Date.now();
        const rows = await this.#store.due(now, new Set(this.#busy.keys()), free);
        for (const row of rows) this.#begin(row);
        if (rows.length < free) this.#lookAgainAt(await this.#store.nextDueAt(now));
      }
    } catch (error) {
      this.#log.error('queue.store-failed', { queue: this.#options.name, error });
      this.#lookAgainAt(Date.now() + STORE_FAULT_PAUSE_MS);
    }
  }

  #lookAgainAt(at: number | undefined): void {
    if (this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    const poll = this.#options.pollMs ?? 5_000;
    const wait = at === undefined ? poll : Math.min(Math.max(at - Date.now(), 10), poll);
    this.#timer = setTimeout(() => this.notify(), wait);
  }

  #begin(row: Row): void {
    if (this.#stopping.signal.aborted || this.#busy.has(row.lane)) return;
    const work = this.#run(row).finally(() => {
      this.#busy.delete(row.lane);
      this.notify();
    });
    this.#busy.set(row.lane, work);
  }

  async #run(row: Row): Promise<void> {
    const about = { queue: this.#options.name, trace: row.trace };
    try {
      const handled = await this.#handler.run(row, this.#handlers.signal);
      if (handled === 'done') await this.#store.complete(row.id);
      else if (handled !== 'settled') await this.#store.retry(row.id, Date.now() + handled.waitMs, handled.code, false);
    } catch (error) {
      await this.#failed(row, error).catch(async (fault: unknown) => {
        // The store is down: the row is as it was and will be found again, but not at once.
        this.#log.error('queue.store-failed', { ...about, error: fault });
        await this.#pause(STORE_FAULT_PAUSE_MS);
      });
    }
  }

  /** Ends early when the queue stops. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const stopped = () => resolve();
    signal.addEventListener('abort', stopped);
    if (signal.aborted) resolve();
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', stopped);
  }

  async #failed(row: Row, error: unknown): Promise<void> {
    const about = { queue: this.#options.name, trace: row.trace, attempts: row.attempts + 1, error };
    const limit = error instanceof RetryableError ? this.#options.maxAttempts : BUG_ATTEMPTS;
    const code = error instanceof Error ? error.name : 'Error';
    if (error instanceof PermanentError || row.attempts + 1 >= limit) {
      this.#log.error('queue.parked', about);
      await this.#handler.parked(row, code).catch((fault: unknown) => {
        // It is given up when people can be told.
        if (fault instanceof RetryableError) throw fault;
        this.#log.error('queue.report-failed', { ...about, error: fault });
      });
      await this.#store.park(row.id, code);
      return;
    }
    const asked = error instanceof RetryableError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(asked, backoffMs(row.attempts + 1));
    await this.#store.retry(row.id, Date.now() + waitMs, code, true);
    this.#log.warn('queue.retry', { ...about, waitMs });
  }
}
