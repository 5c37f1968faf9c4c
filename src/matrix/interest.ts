import { parseUserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { MatrixEvent } from '../model/rows.ts';

const TYPES = new Set(['m.room.encrypted', 'm.room.message', 'm.room.redaction', 'm.reaction', 'm.room.tombstone']);

/**
 * True for an event that must be worked on, and so stored: what staff wrote, their coming and going, tombstones, and who asks the bot in or puts it out.
 * What our own users sent comes back in every transaction and is left out, or each text from a patient would cost a second commit. Other state of
 * governed rooms is left out as well: it is observed, and after a crash the sweep of the rooms finds what was missed.
 */
export function isInteresting(namespace: Namespace, event: MatrixEvent): boolean {
  if (event.type === 'm.room.member') {
    const member = parseUserId(event.state_key);
    if (member === undefined) return false;
    if (!isOurs(namespace, member)) return true;
    return member === namespace.bot && event.content['membership'] !== 'join';
  }
  if (!TYPES.has(event.type)) return false;
  return event.type === 'm.room.tombstone' || !isOurs(namespace, event.sender);
}
