import type { Logger } from '../log.ts';
import { newOpaqueId, type RoomId } from '../model/ids.ts';
import type { Notifier } from './notifier.ts';
import { steadyNow } from './steady-clock.ts';

/** What saying needs. */
export interface RepairNoticesParts {
  readonly notifier: Pick<Notifier, 'say'>;
  readonly log: Logger;
  /** How long what comes together is collected, ms. */
  readonly delayMs?: number;
  /** After something was said in a room, the next is not said before, ms. */
  readonly gapMs?: number;
}

const DELAY_MS = 2_000;
const GAP_MS = 30_000;
const MOST_LINES = 15;

interface Room {
  lines: string[];
  timer: NodeJS.Timeout | undefined;
  saidAt: number;
}

/**
 * Says in a room what was put right there, once for each burst. It is a courtesy: the audit log is the record, and what a killed process had not said
 * is not said any more.
 */
export class RepairNotices implements AsyncDisposable {
  readonly #parts: RepairNoticesParts;
  readonly #rooms = new Map<RoomId, Room>();
  #isClosed = false;

  constructor(parts: RepairNoticesParts) {
    this.#parts = parts;
  }

  /** PHI-free. */
  add(roomId: RoomId, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const { delayMs = DELAY_MS, gapMs = GAP_MS } = this.#parts;
    const room = this.#rooms.get(roomId) ?? { lines: [], timer: undefined, saidAt: 0 };
    this.#rooms.set(roomId, room);
    room.lines.push(...lines.filter((line) => !room.lines.includes(line)));
    if (this.#isClosed) return;
    room.timer ??= setTimeout(() => void this.#say(roomId, room), Math.max(delayMs, room.saidAt + gapMs - steadyNow()));
  }

  /** Says what waits. */
  async flush(): Promise<void> {
    for (const [roomId, room] of this.#rooms) await this.#say(roomId, room);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  async #say(roomId: RoomId, room: Room): Promise<void> {
    clearTimeout(room.timer);
    room.timer = undefined;
    const lines = room.lines.splice(0);
    if (lines.length === 0) {
      // Nothing came since: it need not be remembered when something was said.
      this.#rooms.delete(roomId);
      return;
    }
    room.saidAt = steadyNow();
    const rest = lines.length - MOST_LINES;
    const text = [
      'Changed back to match the hospital’s policy:',
      ...lines.slice(0, MOST_LINES).map((line) => `- ${line}`),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
    ].join('\n');
    const trace = newOpaqueId(8);
    try {
      await this.#parts.notifier.say(roomId, text, { cause: `repair:${trace}`, trace });
    } catch (error) {
      this.#parts.log.warn('repair.not-said', { roomId, error });
    }
    if (!this.#isClosed) room.timer ??= setTimeout(() => void this.#say(roomId, room), this.#parts.gapMs ?? GAP_MS);
  }
}
