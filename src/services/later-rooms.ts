import type { RoomId } from '../model/ids.ts';

/** Timers of Node reach no further than 24 days. ms. */
const LONGEST_TIMER_MS = 3_600_000;

/** Rooms to look at later, each at its time. */
export class LaterRooms {
  readonly #now: () => number;
  readonly #onDue: (rooms: readonly RoomId[]) => void;
  /** Unix ms. */
  readonly #dueAt = new Map<RoomId, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #isStopped = false;

  /** `now`: Unix ms. `onDue` is given the rooms whose time has come, which are then forgotten here. */
  constructor(now: () => number, onDue: (rooms: readonly RoomId[]) => void) {
    this.#now = now;
    this.#onDue = onDue;
  }

  /** All that wait. */
  rooms(): Iterable<RoomId> {
    return this.#dueAt.keys();
  }

  /** Has the room looked at then, and at no other time that was set before. */
  set(roomId: RoomId, at: number): void {
    if (this.#isStopped) return;
    this.#dueAt.set(roomId, at);
    this.#setTimer(at);
  }

  delete(roomId: RoomId): void {
    this.#dueAt.delete(roomId);
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #setTimer(at: number): void {
    // Infinity: there is nothing to wait for.
    if (at >= this.#timerAt || this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(this.#look, Math.min(LONGEST_TIMER_MS, Math.max(1, at - this.#now())));
  }

  readonly #look = (): void => {
    this.#timerAt = Infinity;
    const now = this.#now();
    const due = [...this.#dueAt].filter(([, at]) => at <= now).map(([roomId]) => roomId);
    for (const roomId of due) this.#dueAt.delete(roomId);
    this.#onDue(due);
    this.#setTimer([...this.#dueAt.values()].reduce((first, at) => Math.min(first, at), Infinity));
  };
}
