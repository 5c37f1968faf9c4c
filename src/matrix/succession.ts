/** Whether a state event comes after what is held. */
import type { EventId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';
import type { RoomRecord } from './room-record.ts';

/**
 * `known`: it is the one that is held. `next`: it takes its place. `unclear`: it may be older than what is held, or something between the two is
 * missing: only the homeserver knows.
 */
export type Succession = 'known' | 'next' | 'unclear';

/**
 * Where the homeserver does not say which event a state event replaced, one that is not clearly younger than the fetched state may be older:
 * transactions queue while we are away. Covers the clocks' difference too. ms.
 */
const DOUBT_MS = 60_000;

/** How `event`, which has a state key, stands to the record, which was fetched at `fetchedAt` (Unix time, ms). */
export function successionOf(record: RoomRecord, event: MatrixEvent, fetchedAt: number): Succession {
  const { type, state_key: stateKey = '', event_id: eventId } = event;
  const held = record.heldId(type, stateKey);
  if (held === eventId) return 'known';
  // State never goes away, so where there was none every event is news.
  if (held === undefined) return 'next';
  const replaced = event.unsigned?.['replaces_state'] as EventId | undefined;
  if (replaced !== undefined) return replaced === held ? 'next' : 'unclear';
  return event.origin_server_ts >= fetchedAt + DOUBT_MS ? 'next' : 'unclear';
}
