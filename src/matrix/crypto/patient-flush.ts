import type { Logger } from '../../log.ts';
import { backoffMs } from '../../model/backoff.ts';

export interface PatientFlushParts {
  /** Sends what waits, and throws where that is refused. */
  readonly flush: () => Promise<void>;
  readonly log: Logger;
  /** Of a clock that only goes forward. ms. */
  readonly now: () => number;
}

/** ms. */
const MAX_WAIT_MS = 60_000;

/**
 * Sends what the bot's device has to send after each round of its sync. What is refused stays with the device: it is tried again after a second, and then
 * after twice as long each time up to a minute, and the log has each fault once, until it is another or over.
 */
export class PatientFlush {
  readonly #parts: PatientFlushParts;
  #failures = 0;
  #dueAt = Number.NEGATIVE_INFINITY;
  #problem: string | undefined;

  constructor(parts: PatientFlushParts) {
    this.#parts = parts;
  }

  /** Tries where it is time to. Never throws. */
  async run(): Promise<void> {
    const { flush, log, now } = this.#parts;
    if (now() < this.#dueAt) return;
    try {
      await flush();
      if (this.#failures > 0) log.info('crypto-sync.flushed-again');
      this.#failures = 0;
      this.#problem = undefined;
    } catch (error) {
      this.#dueAt = now() + Math.min(backoffMs(++this.#failures), MAX_WAIT_MS);
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problem) log.warn('crypto-sync.flush-failed', { error });
      this.#problem = problem;
    }
  }
}
