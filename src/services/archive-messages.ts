import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Said } from '../model/archive.ts';
import type { ArchiveQueue } from '../ports/archive-queue.ts';
import type { MessageArchive } from '../ports/message-archive.ts';
import type { Notifier } from './notifier.ts';

/** What archiving needs. */
export interface ArchiveMessagesParts {
  readonly archiveQueue: ArchiveQueue;
  readonly archive: Pick<MessageArchive, 'append' | 'check'>;
  readonly notifier: Pick<Notifier, 'tellAdmins'>;
  readonly log: Logger;
  /** What is said within this time shares a commit. ms. */
  readonly collectMs?: number;
  readonly retryMs?: number;
  /** From then on what waits is a problem. ms. */
  readonly lateAfterMs?: number;
}

/** At one commit. */
const AT_ONCE = 500;
const DAY_MS = 86_400_000;

/**
 * Carries what was noted into the archive, behind the messages themselves: many at one commit, each once, in the order they were noted. While the archive
 * cannot be written everything waits in the database of the bridge, and the administrators are told once a day.
 */
export class ArchiveMessages {
  readonly #parts: ArchiveMessagesParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** Why the last attempt to write failed, where it did. */
  #problem: string | undefined;

  constructor(parts: ArchiveMessagesParts) {
    this.#parts = parts;
  }

  /** There is something to archive, or there may be. */
  wake(): void {
    this.#after(this.#parts.collectMs ?? 1_000);
  }

  /** Archives what waits, as far as it goes now. */
  async run(): Promise<void> {
    const queue = this.#parts.archiveQueue;
    for (;;) {
      const waiting = await queue.next(AT_ONCE);
      if (waiting.length === 0) return;
      await this.#append(waiting.map(({ said }) => said));
      // Whoever dies before this archives them again, which adds nothing.
      await queue.remove(waiting.map(({ seq }) => seq));
    }
  }

  /** Why what is said does not get into the archive, in PHI-free words; undefined where it does. */
  async problem(): Promise<string | undefined> {
    const { archive, archiveQueue, lateAfterMs = 300_000 } = this.#parts;
    const problem = (await archive.check()) ?? this.#problem;
    if (problem !== undefined) return problem;
    const { waiting, oldestAgeMs } = await archiveQueue.depth(Date.now());
    if (oldestAgeMs < lateAfterMs) return undefined;
    return `What was said ${Math.floor(oldestAgeMs / 1_000)} s ago is not archived yet (waiting in all: ${waiting}).`;
  }

  /** Begins nothing more, and waits for what is at work. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #append(said: readonly Said[]): Promise<void> {
    try {
      await this.#parts.archive.append(said);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof RetryableError ? error.message : 'It cannot be written; see the log.';
      throw error;
    }
  }

  #after(ms: number): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // One at a time: what is noted meanwhile has a timer of its own.
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#try());
    }, ms);
  }

  async #try(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      this.#parts.log.error('archive.not-written', { error });
      await this.#tellAdmins().catch((cause: unknown) => this.#parts.log.error('archive.not-told', { error: cause }));
      this.#after(this.#parts.retryMs ?? 10_000);
    }
  }

  #tellAdmins(): Promise<void> {
    return this.#parts.notifier.tellAdmins(
      'The archive cannot be written: what is said waits in the database. See the log, and docs/archive.md.',
      { cause: `archive-not-written:${Math.floor(Date.now() / DAY_MS)}` },
    );
  }
}
