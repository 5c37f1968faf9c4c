import type { Namespace } from '../model/namespace.ts';
import type { InboxRow } from '../model/rows.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Notifier } from './notifier.ts';
import type { OpenConversation } from './open-conversation.ts';
import type { SayText } from './say-text.ts';

/** What delivering to the security room needs. */
export interface DeliverToSecurityParts {
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind'>;
  readonly opener: Pick<OpenConversation, 'isAttended'>;
  readonly say: SayText;
  readonly notifier: Notifier;
  readonly namespace: Namespace;
  readonly prefix: string;
}

/** How often it is looked whether there is the room by now, and somebody in it, ms. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Puts a text of a sender that cannot be answered into the security room, with that sender: it has no patient's room, and may name a patient. Only what
 * an administrator had tried again comes here.
 */
export class DeliverToSecurity {
  readonly #parts: DeliverToSecurityParts;

  constructor(parts: DeliverToSecurityParts) {
    this.#parts = parts;
  }

  /** Returns done, or that there is no such room yet, or nobody in it to read. Safe to repeat. */
  async deliver(row: InboxRow, signal: AbortSignal): Promise<'done' | { waitMs: number; code: string }> {
    const { governedRooms, opener, say, notifier, namespace, prefix } = this.#parts;
    const [room] = await governedRooms.ofKind('security');
    if (room === undefined) {
      const text = `A text on line ${row.lineId} waits: there is no security room to put it into. \`${prefix} setup\` makes one. (Reference ${row.trace})`;
      await notifier.tellAdmins(text, { cause: `no-security-room:${row.id}`, trace: row.trace });
      return { waitMs: LOOK_AGAIN_MS, code: 'waiting-for-room' };
    }
    const { roomId } = room;
    if (!(await opener.isAttended(roomId))) return { waitMs: LOOK_AGAIN_MS, code: 'waiting-for-team' };
    const words = `A text to line ${row.lineId} from ${row.sender}, who cannot be answered:\n${row.body}`;
    await say.say(row, words, { roomId, speaker: namespace.bot }, signal);
    return 'done';
  }
}
