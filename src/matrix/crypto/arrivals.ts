import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomId } from '../../model/ids.ts';

/** How long a client that has just come in has to read the keys of who is there, ms. */
const SETTLE_MS = 1_000;

/**
 * Rooms that somebody has just come into. Their client reads the keys of who is there only then, and one that shows nothing of devices it cannot check
 * (MSC4153) does not look again: what a patient's side says in the first moment would stay unreadable. So it waits for that moment.
 */
export class Arrivals {
  readonly #settling = new Map<RoomId, Promise<void>>();

  /** Somebody has come in. */
  note(roomId: RoomId): void {
    const settling = sleep(SETTLE_MS, undefined, { ref: false }).then(() => {
      if (this.#settling.get(roomId) === settling) this.#settling.delete(roomId);
    });
    this.#settling.set(roomId, settling);
  }

  /** Resolves once whoever came in before this call had their moment. */
  async settled(roomId: RoomId): Promise<void> {
    await this.#settling.get(roomId);
  }
}
