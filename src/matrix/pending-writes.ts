/** What we are writing at this moment, and which events of the same state came meanwhile. */
import type { RoomId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';

/** One request under way. */
interface PendingWrite {
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string;
  readonly seen: MatrixEvent[];
}

/**
 * Events come in the order in which the homeserver took them. So where our own did not come while we waited for the answer, it is newer than every
 * one that did.
 */
export class PendingWrites {
  readonly #writes = new Set<PendingWrite>();

  /** Runs a request that writes this state; returns what it answered, and what came of this state meanwhile. */
  async run<T>(
    roomId: RoomId,
    type: string,
    stateKey: string,
    request: () => Promise<T>,
  ): Promise<{ readonly answer: T; readonly seen: readonly MatrixEvent[] }> {
    const write: PendingWrite = { roomId, type, stateKey, seen: [] };
    this.#writes.add(write);
    try {
      return { answer: await request(), seen: write.seen };
    } finally {
      this.#writes.delete(write);
    }
  }

  /** To be told of every state event. */
  note(event: MatrixEvent): void {
    for (const { roomId, type, stateKey, seen } of this.#writes)
      if (event.room_id === roomId && event.type === type && event.state_key === stateKey) seen.push(event);
  }
}
