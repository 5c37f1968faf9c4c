import { RetryableError } from '../errors.ts';
import type { MatrixEventRow } from '../model/rows.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { KnownRoom } from '../services/known-room.ts';
import type { Notifier } from '../services/notifier.ts';

/** What telling needs. */
export interface TellOfWaitParts {
  readonly events: Pick<MatrixEventStore, 'setAside'>;
  readonly notifier: Notifier;
}

/** Whoever asked is told of a wait as long as this, ms. */
const LONG_WAIT_MS = 5_000;

/** If `work` has to wait for more than a moment, whoever asked is told what for at once, the room's later commands go first, and the queue goes on trying. */
export async function tellOfWait<T>(
  { events, notifier }: TellOfWaitParts,
  { id, event, attempts, trace }: MatrixEventRow,
  room: KnownRoom,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isLong = error instanceof RetryableError && (attempts > 0 || (error.retryAfterMs ?? 0) >= LONG_WAIT_MS);
    if (isLong) {
      const text = `This is not done yet: ${error.message} It will be tried again automatically, and answered then. (Reference ${trace})`;
      const about = { cause: `waits:${event.event_id}`, trace, replyTo: event.event_id };
      await notifier.say(room.roomId, text, about);
      await events.setAside(id);
    }
    throw error;
  }
}
