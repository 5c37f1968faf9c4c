import { randomInt } from 'node:crypto';
import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RoomId } from '../model/ids.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import { LaterRooms } from './later-rooms.ts';
import type { Notifier } from './notifier.ts';
import { RepairNotices } from './repair-notices.ts';
import { RepairRoom, type RepairRoomParts } from './repair-room.ts';
import { RoomReports, type RoomReportsParts } from './room-reports.ts';
import { steadyNow } from './steady-clock.ts';

/** What governing needs. */
export interface GovernRoomsParts
  extends
    Omit<RepairRoomParts, 'governedRooms' | 'reports' | 'notices'>,
    Pick<RoomReportsParts, 'settings' | 'security'> {
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'all'>;
  readonly notifier: Pick<Notifier, 'say'>;
  readonly log: Logger;
  /** All rooms are looked at this often, beside at each change, ms. */
  readonly sweepIntervalMs: number;
  /** Rooms that are put right at the same time. */
  readonly concurrency?: number;
  /** ... of which so many because of a sweep. */
  readonly sweepConcurrency?: number;
  /** How long words to people are collected, and the gap between them, ms. */
  readonly speech?: { readonly delayMs: number; readonly gapMs: number };
}

const CONCURRENCY = 4;
/** The first sweep asks the homeserver for the state of every room. */
const SWEEP_CONCURRENCY = 2;
/** So that several installations do not ask a homeserver at the same moment. Part of the interval. */
const JITTER = 0.1;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;
/** A change of the policy often comes with others. ms. */
const POLICY_DELAY_MS = 100;

/** Keeps every governed room as the policy wants it: woken by changes, and by a sweep that finds whatever else there is. */
export class GovernRooms implements AsyncDisposable {
  readonly reports: RoomReports;
  readonly #parts: GovernRoomsParts;
  readonly #now: () => number;
  readonly #repair: RepairRoom;
  readonly #notices: RepairNotices;
  /** Rooms to look at: first those that changed. */
  readonly #changed = new Set<RoomId>();
  readonly #swept = new Set<RoomId>();
  /** ... of which these are looked at though nothing is known to have changed: a difference is doubted at first. */
  readonly #doubted = new Set<RoomId>();
  readonly #running = new Map<RoomId, { readonly done: Promise<unknown>; readonly isSweep: boolean }>();
  readonly #later: LaterRooms;
  readonly #failures = new Map<RoomId, number>();
  readonly #idle = new Set<() => void>();
  /** Sweeps that are being begun. */
  #beginning = 0;
  #sweepTimer: NodeJS.Timeout | undefined;
  #policyTimer: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: GovernRoomsParts) {
    const { speech } = parts;
    this.#parts = parts;
    this.#now = parts.now ?? steadyNow;
    this.#later = new LaterRooms(this.#now, (due) => this.roomsChanged(due));
    this.reports = new RoomReports({ ...parts, ...speech });
    this.#notices = new RepairNotices({ ...parts, ...speech });
    this.#repair = new RepairRoom({ ...parts, reports: this.reports, notices: this.#notices });
  }

  /** Begins: all rooms are looked at, and from now on those that change. Before, nothing is done. */
  start(): void {
    if (this.#isStarted || this.#isStopped) return;
    this.#isStarted = true;
    void this.#sweep();
  }

  /** Rooms that changed, as `RoomControl.observe` answers. Cheap: nothing happens before the caller goes on. */
  roomsChanged(rooms: Iterable<RoomId>): void {
    for (const roomId of rooms) {
      this.#changed.add(roomId);
      this.#swept.delete(roomId);
    }
    if (this.#changed.size > 0) queueMicrotask(() => this.#go());
  }

  /** The policy is another one: all rooms are looked at. */
  readonly policyChanged = (): void => {
    if (!this.#isStarted || this.#isStopped) return;
    this.#policyTimer ??= setTimeout(() => {
      this.#policyTimer = undefined;
      void this.#enqueueAll({ isDoubted: false });
    }, POLICY_DELAY_MS);
  };

  /** The homeserver is back: what failed is tried at once. */
  readonly retryNow = (): void => {
    this.#failures.clear();
    this.roomsChanged(this.#later.rooms());
  };

  /** Looks at all rooms now, and waits until that is done. */
  async sweepNow(): Promise<void> {
    await this.#enqueueAll({ isDoubted: true });
    await this.settled();
  }

  /** Resolves when nothing is under way or due. */
  async settled(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Says now what is collected for people. */
  async speakNow(): Promise<void> {
    await this.#notices.flush();
    await this.reports.flush();
  }

  /** Runs `work` while nothing else is done to the room, which is looked at after it. */
  async alone<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    for (let other; (other = this.#running.get(roomId));) await other.done;
    const done = work();
    this.#track(roomId, done, false);
    try {
      return await done;
    } finally {
      this.roomsChanged([roomId]);
    }
  }

  /** Nothing new is begun; what is at work finishes, and what is collected for people is said. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#later.stop();
    clearTimeout(this.#sweepTimer);
    clearTimeout(this.#policyTimer);
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
    await this.#notices[Symbol.asyncDispose]();
    await this.reports[Symbol.asyncDispose]();
    for (const resolve of this.#idle) resolve();
  }

  async #sweep(): Promise<void> {
    await this.#enqueueAll({ isDoubted: true });
    if (this.#isStopped) return;
    const { sweepIntervalMs } = this.#parts;
    const jitterMs = randomInt(Math.floor(2 * JITTER * sweepIntervalMs) + 1) - JITTER * sweepIntervalMs;
    this.#sweepTimer = setTimeout(() => void this.#sweep(), sweepIntervalMs + jitterMs);
  }

  async #enqueueAll({ isDoubted }: { readonly isDoubted: boolean }): Promise<void> {
    this.#beginning++;
    try {
      for (const { roomId } of await this.#parts.governedRooms.all()) {
        if (this.#changed.has(roomId)) continue;
        this.#swept.add(roomId);
        if (isDoubted) this.#doubted.add(roomId);
      }
    } catch (error) {
      this.#parts.log.error('sweep.failed', { error });
    }
    this.#beginning--;
    this.#go();
  }

  #go(): void {
    if (!this.#isStarted || this.#isStopped) return;
    const { concurrency = CONCURRENCY, sweepConcurrency = SWEEP_CONCURRENCY } = this.#parts;
    while (this.#running.size < concurrency) {
      const roomId = this.#next(this.#changed);
      if (roomId === undefined) break;
      this.#run(roomId, false);
    }
    const sweeping = () => [...this.#running.values()].filter(({ isSweep }) => isSweep).length;
    while (this.#running.size < concurrency && sweeping() < sweepConcurrency) {
      const roomId = this.#next(this.#swept);
      if (roomId === undefined) break;
      this.#run(roomId, true);
    }
    if (!this.#isIdle()) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  /** A room is put right by one at a time: what changes meanwhile is looked at after it. */
  #next(rooms: Set<RoomId>): RoomId | undefined {
    for (const roomId of rooms) {
      if (this.#running.has(roomId)) continue;
      rooms.delete(roomId);
      return roomId;
    }
    return undefined;
  }

  #run(roomId: RoomId, isSweep: boolean): void {
    this.#later.delete(roomId);
    const isUnannounced = this.#doubted.delete(roomId) && isSweep;
    this.#track(roomId, this.#look(roomId, isUnannounced), isSweep);
  }

  #track(roomId: RoomId, work: Promise<unknown>, isSweep: boolean): void {
    const done = work
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(roomId);
        this.#go();
      });
    this.#running.set(roomId, { done, isSweep });
  }

  async #look(roomId: RoomId, isUnannounced: boolean): Promise<void> {
    try {
      const lookAt = await this.#repair.repair(roomId, { isUnannounced });
      this.#failures.delete(roomId);
      if (lookAt !== undefined) this.#later.set(roomId, lookAt);
    } catch (error) {
      const count = (this.#failures.get(roomId) ?? 0) + 1;
      this.#failures.set(roomId, count);
      // What fails otherwise is a fault of ours: it must not keep the other rooms from being looked at.
      const level = error instanceof RetryableError ? 'warn' : 'error';
      this.#parts.log[level]('room.not-looked-at', { roomId, error });
      this.#later.set(roomId, this.#now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count - 1, 20)));
    }
  }

  #isIdle(): boolean {
    return this.#changed.size + this.#swept.size + this.#running.size + this.#beginning === 0;
  }
}
