import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';

const WAITS_MS = [1_000, 2_000, 5_000];

/** Gets the bridge to work with the homeserver, however long that is away. */
export class Connection {
  readonly #connect: () => Promise<void>;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #connected = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  #problem: string | undefined = 'not connected yet';
  #running: Promise<void> = Promise.resolve();

  /** `connect` is repeated until it succeeds, so every step of it must be safe to repeat. */
  constructor(connect: () => Promise<void>, log: Logger) {
    this.#connect = connect;
    this.#log = log;
    this.#failed.promise.catch(() => undefined);
  }

  /** What keeps the homeserver from being used, or undefined. PHI-free. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Settles when `connect` has succeeded. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Rejects with what no repetition mends. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Begins. */
  start(): void {
    this.#running = this.#run();
  }

  /** Tries no more, and waits for the try under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let tries = 0; !this.#stopping.signal.aborted; tries++) {
      try {
        await this.#connect();
        this.#problem = undefined;
        this.#log.info('homeserver.connected');
        this.#connected.resolve();
        return;
      } catch (error) {
        if (!(error instanceof RetryableError)) {
          this.#problem = 'failed; see the log';
          this.#failed.reject(error);
          return;
        }
        this.#problem = error.message;
        const waitMs = WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0;
        this.#log.warn('homeserver.not-connected', { error, waitMs });
        await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }
}
