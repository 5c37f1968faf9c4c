import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { parseUserId, type UserId } from '../../model/ids.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { statusOf } from '../matrix-fault.ts';
import type { CryptoUser } from './crypto-user.ts';
import type { CryptoStore } from './store/crypto-store.ts';
import { PatientFlush } from './patient-flush.ts';
import { roundMs } from './sync-round.ts';

export interface BotSyncParts {
  readonly http: MatrixHttp;
  readonly store: CryptoStore;
  readonly bot: CryptoUser;
  readonly deviceId: string;
  /** True for ghosts: their devices matter to nobody here. */
  readonly isGhost: (user: UserId) => boolean;
  /** Called when room keys came, after they were stored. */
  readonly onKeys: () => void;
  /** Called with the users whose devices changed, without ghosts, after that was stored. Must not throw. */
  readonly onDevicesChanged: (users: readonly UserId[]) => void;
  /** Called when the homeserver answers again after it was away. */
  readonly onBack: () => void;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Nothing but what concerns keys. */
const FILTER = JSON.stringify({ room: { rooms: [] }, presence: { types: [] }, account_data: { types: [] } });
/** How long the homeserver may hold a request when there is nothing to tell. ms. */
const HOLD_MS = 5_000;
/** For so long after a message of our own the homeserver is asked in short rounds. ms. */
const SENDING_MS = 2_000;
/** Waits after the first, second, ... failure in a row. ms. */
const WAITS_MS = [500, 1_000, 2_000, 5_000];
/** What proxies answer for a homeserver that is away. */
const AWAY = [502, 503, 504];
/** Without an answer for so long, changes of devices may have been missed. ms. */
const DEAF_AFTER_MS = HOLD_MS + 15_000;

/**
 * Feeds the bot's device. By /sync and not by transactions, because the homeserver keeps to-device messages until the next `since` comes,
 * whatever happens to us meanwhile. What came is stored before that token is.
 */
export class BotSync {
  readonly #parts: BotSyncParts;
  readonly #now: () => number;
  readonly #flush: PatientFlush;
  readonly #stopping = new AbortController();
  #heardAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #problem: string | undefined;
  #isAway = false;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Messages of our own since the last round. */
  #sent = 0;
  /** Ends the pause under way, or makes the next one none. */
  #waiting = new AbortController();
  /** Ends the request that the homeserver holds. */
  #holding: AbortController | undefined;

  constructor(parts: BotSyncParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#flush = new PatientFlush({ flush: () => parts.bot.flush(), log: parts.log, now: this.#now });
  }

  /** False while changes of devices may be missed. */
  get isHearing(): boolean {
    return this.#now() - this.#heardAt < DEAF_AFTER_MS;
  }

  /** What kept the last request from its answer, PHI-free, or undefined. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** True while the homeserver cannot be reached. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** The homeserver was heard of, and what it said may need keys: it is asked now. */
  wake(): void {
    this.#waiting.abort();
  }

  /**
   * One of our own users sent a message. Each would wake the held request, for which Synapse then looks through every room that changed since
   * it began: with many rooms at work that costs more than the messages. So while we send, it is asked in short rounds and not held.
   */
  sending(): void {
    this.#sentAt = this.#now();
    this.#sent++;
    this.#holding?.abort();
  }

  /** Takes in what waited, then goes on in the background. Throws RetryableError where the homeserver is not there; call it again. */
  async start(): Promise<void> {
    if (this.#running) return;
    await this.#once(0);
    this.#running ??= this.#loop();
  }

  /** Ends the request under way; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        const isSending = this.#now() - this.#sentAt < SENDING_MS;
        if (failures === 0 && isSending) await this.#round();
        // After a failure an answer is wanted at once, to know that all is well again.
        if (failures > 0 || isSending) await this.#once(0);
        else await this.#hold();
        failures = 0;
        this.#problem = undefined;
        if (this.#isAway) {
          this.#isAway = false;
          this.#parts.onBack();
        }
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#problem = error instanceof RetryableError ? error.message : 'failed; see the log';
        const status = statusOf(error);
        this.#isAway = error instanceof RetryableError && (status === undefined || AWAY.includes(status));
        const waitMs = this.#waitAfter(failures++, error);
        this.#parts.log.warn('crypto-sync.failed', { error, waitMs });
        this.#waiting = new AbortController();
        await this.#pause(waitMs);
      }
    }
  }

  async #round(): Promise<void> {
    const ms = roundMs(this.#sent);
    this.#sent = 0;
    await this.#pause(ms);
  }

  async #pause(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, this.#waiting.signal]);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    this.#waiting = new AbortController();
  }

  /** Asks, and lets the homeserver hold the request. One that `sending` ends brought nothing: it is all there for the next. */
  async #hold(): Promise<void> {
    const holding = (this.#holding = new AbortController());
    try {
      await this.#once(HOLD_MS, holding.signal);
    } catch (error) {
      if (!holding.signal.aborted) throw error;
    } finally {
      this.#holding = undefined;
    }
  }

  #waitAfter(failures: number, error: unknown): number {
    const planned = WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0;
    return Math.max(planned, error instanceof RetryableError ? (error.retryAfterMs ?? 0) : 0);
  }

  async #once(timeoutMs: number, ending?: AbortSignal): Promise<void> {
    const { http, store, bot, deviceId, isGhost, onKeys, onDevicesChanged } = this.#parts;
    const answer = await http.call('fetch the keys sent to the bot', {
      method: 'GET',
      path: '/_matrix/client/v3/sync',
      as: bot.userId,
      deviceId,
      query: { timeout: String(timeoutMs), filter: FILTER, since: store.since, set_presence: 'offline' },
      timeoutMs: timeoutMs + 30_000,
      signal: ending === undefined ? this.#stopping.signal : AbortSignal.any([this.#stopping.signal, ending]),
    });
    const sync = readSync(answer);
    const hasKeys = await bot.receiveSync(sync);
    const changed = sync.changed.filter((user) => !isGhost(user));
    await store.setSince(sync.nextBatch, store.deviceChanges.note(changed));
    this.#heardAt = this.#now();
    if (hasKeys) onKeys();
    if (changed.length > 0) onDevicesChanged(changed);
    await this.#flush.run();
  }
}

function readSync(answer: Readonly<Record<string, unknown>>) {
  const sync = answer as {
    next_batch?: unknown;
    to_device?: { events?: unknown[] };
    device_lists?: { changed?: unknown[] };
    device_one_time_keys_count?: Record<string, number>;
    device_unused_fallback_key_types?: string[];
  };
  if (typeof sync.next_batch !== 'string')
    throw new RetryableError("The homeserver's answer to /sync has no next_batch.");
  return {
    nextBatch: sync.next_batch,
    toDevice: JSON.stringify(sync.to_device?.events ?? []),
    changed: (sync.device_lists?.changed ?? []).map(parseUserId).filter((user) => user !== undefined),
    oneTimeKeys: new Map(Object.entries(sync.device_one_time_keys_count ?? {})),
    unusedFallbackTypes: sync.device_unused_fallback_key_types ?? [],
  };
}
