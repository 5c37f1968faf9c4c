import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';

/** What is at work when the bridge stops has so long to finish, ms. */
export const GRACE_MS = 8_000;
/** What was given up has so long to commit that, ms. */
const LAST_MS = 1_000;

/** Ends what is at work, in time. Everything that matters is committed as it comes, so that giving up loses nothing. */
export class Grace {
  readonly #ms: number;
  readonly #log: Logger;
  readonly #over = new AbortController();

  constructor(ms: number, log: Logger) {
    this.#ms = ms;
    this.#log = log;
  }

  /** Aborted when the time is over: nobody waits for an answer any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Stops all of these at the same time. Returns when they have, and soon after the time is over at the latest, whatever hangs. */
  async stop(stops: readonly ((graceMs: number) => PromiseLike<unknown>)[]): Promise<void> {
    const stopped = Promise.allSettled(stops.map(async (stop) => await stop(this.#ms)));
    const timer = setTimeout(() => this.#over.abort(), this.#ms);
    const ends = await Promise.race([stopped, this.#late()]);
    clearTimeout(timer);
    if (ends === undefined) return this.#log.warn('bridge.given-up');
    const faults = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    if (faults.length > 0) throw new AggregateError(faults, 'Not everything could be stopped.');
  }

  async #late(): Promise<undefined> {
    await once(this.over, 'abort');
    await sleep(LAST_MS);
  }
}
