import type { RoomChange } from '../model/room-change.ts';
import type { UserId } from '../model/ids.ts';
import { isOver, judgeRepair, PEACE, type WarLimits, type WarState } from '../policy/war.ts';
import { subjectOf } from '../policy/who-changed.ts';
import { RateLimit, type RateLimits } from './rate-limit.ts';
import type { RoomReport } from './room-reports.ts';

/** What cannot be done now. */
export interface Held {
  /** Unix ms at which to look again. */
  readonly until: number;
  /** What people are told while it is so; undefined: nothing. */
  readonly report: RoomReport | undefined;
}

/** One room's repairs must not take the homeserver from the others. */
const ROOM_RATE: RateLimits = { burst: 60, perSecond: 2 };
/** What was refused is tried again, doubled each time up to the longest. ms. */
const FIRST_DENIED_MS = 30_000;
const LONGEST_DENIED_MS = 3_600_000;
const FIRST_FAILED_MS = 2_000;
const LONGEST_FAILED_MS = 600_000;
/** Transient faults are reported only if they persist. */
const FAILURES_BEFORE_REPORT = 3;
/** Upper limit on how long a repair conflict may delay removing someone. ms. */
const LONGEST_PAUSE_OF_REMOVAL_MS = 60_000;

interface Setback {
  readonly count: number;
  readonly until: number;
  /** What the bot's power was, and by which event: with another one it is tried at once. */
  readonly power: string;
  readonly report: RoomReport;
  readonly isDenied: boolean;
}

/** What a process remembers of one room's repairs: what was undone, what was refused, how much was done lately. Losing it only resets the back-off. */
export class RepairMemory {
  readonly #now: () => number;
  readonly #war: WarLimits;
  readonly #wars = new Map<string, { state: WarState; report: RoomReport | undefined }>();
  readonly #setbacks = new Map<string, Setback>();
  readonly #rate: RateLimit;

  constructor(war: WarLimits, now: () => number) {
    this.#war = war;
    this.#now = now;
    this.#rate = new RateLimit(ROOM_RATE, now);
  }

  /** True where nothing must be remembered: a new memory would be the same. */
  get isEmpty(): boolean {
    return this.#wars.size === 0 && this.#setbacks.size === 0 && this.#rate.isFull;
  }

  /** Why the change must wait; undefined where it is to be done, which is then counted. `against` is another who made the difference. */
  hold(change: RoomChange, power: string, against: UserId | undefined): Held | undefined {
    const subject = subjectOf(change);
    const now = this.#now();
    const setback = this.#setbacks.get(subject);
    if (setback !== undefined && setback.power === power && now < setback.until) {
      return { until: setback.until, report: this.#reportOf(setback) };
    }
    if (!this.#mayGoOn(change)) return { until: now + this.#rate.waitMs, report: undefined };
    const held = against === undefined ? undefined : this.#holdForWar(subject, change, against, now);
    if (held === undefined) this.#rate.take();
    return held;
  }

  /** The change was refused, or failed. Returns what holds from now on. */
  setBack(change: RoomChange, power: string, outcome: 'denied' | 'failed', report: RoomReport): Held {
    const subject = subjectOf(change);
    const before = this.#setbacks.get(subject);
    const isDenied = outcome === 'denied';
    const count = (before?.power === power && before.isDenied === isDenied ? before.count : 0) + 1;
    const [first, longest] = isDenied ? [FIRST_DENIED_MS, LONGEST_DENIED_MS] : [FIRST_FAILED_MS, LONGEST_FAILED_MS];
    const until = this.#now() + Math.min(longest, first * 2 ** Math.min(count - 1, 20));
    const setback = { count, until, power, report, isDenied };
    this.#setbacks.set(subject, setback);
    return { until, report: this.#reportOf(setback) };
  }

  /** The change was done. */
  succeeded(change: RoomChange): void {
    this.#setbacks.delete(subjectOf(change));
  }

  /** Forgets what is over: `changes` are all that the room needs now. */
  prune(changes: readonly RoomChange[]): void {
    const now = this.#now();
    const subjects = new Set(changes.map(subjectOf));
    for (const subject of this.#setbacks.keys()) if (!subjects.has(subject)) this.#setbacks.delete(subject);
    for (const [subject, { state }] of this.#wars) if (isOver(state, now, this.#war)) this.#wars.delete(subject);
  }

  #holdForWar(subject: string, change: RoomChange, against: UserId, now: number): Held | undefined {
    const pauseMs =
      change.kind === 'remove' ? Math.min(this.#war.pauseMs, LONGEST_PAUSE_OF_REMOVAL_MS) : this.#war.pauseMs;
    const known = this.#wars.get(subject);
    const judged = judgeRepair(known?.state ?? PEACE, against, now, { ...this.#war, pauseMs });
    const report =
      judged.verdict === 'war'
        ? {
            rule: change.rule,
            why: `${judged.with.join(' and ')} ${judged.with.length > 1 ? 'undo' : 'undoes'} the bot’s repair again and again. The bot now waits ${minutes(pauseMs)} between repairs: find out why. (${change.why})`,
          }
        : known?.report;
    this.#wars.set(subject, { state: judged.state, report: judged.verdict === 'repair' ? undefined : report });
    return judged.verdict === 'repair' ? undefined : { until: judged.state.pausedUntil, report };
  }

  #mayGoOn(change: RoomChange): boolean {
    // Power comes first, and is one change whatever it is about.
    return change.rule === 'power-levels' || this.#rate.waitMs === 0;
  }

  #reportOf({ isDenied, count, report }: Setback): RoomReport | undefined {
    return isDenied || count >= FAILURES_BEFORE_REPORT ? report : undefined;
  }
}

function minutes(ms: number): string {
  const count = Math.max(1, Math.round(ms / 60_000));
  return count === 1 ? 'a minute' : `${count} minutes`;
}
