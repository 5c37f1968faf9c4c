import { PermanentError, RetryableError } from '../errors.ts';
import type { Conversation } from '../model/conversation.ts';
import type { RoomId } from '../model/ids.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { InboxRow } from '../model/rows.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { CheckIdentity } from './check-identity.ts';
import type { Notifier } from './notifier.ts';
import type { DeliverToSecurity } from './deliver-to-security.ts';
import type { OpenConversation } from './open-conversation.ts';
import type { SayText } from './say-text.ts';
import type { SendAutomatic } from './send-automatic.ts';

/** What delivering to a room needs. */
export interface DeliverToRoomParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly opener: OpenConversation;
  readonly say: SayText;
  readonly toSecurity: DeliverToSecurity;
  readonly automatic: SendAutomatic;
  readonly notifier: Notifier;
  readonly namespace: Namespace;
  readonly warnOnFirstContact: boolean;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
}

/** How long the team has to join before the administrators are told, ms. */
const UNATTENDED_NOTICE_MS = 10 * 60_000;
/** A member's joining wakes the lane at once; this is only the fall-back. */
const LOOK_AGAIN_MS = 60_000;

/** Puts a patient's text into its room, spoken by the ghost. Made for the queue: safe to repeat at any point. */
export class DeliverToRoom {
  readonly #parts: DeliverToRoomParts;

  constructor(parts: DeliverToRoomParts) {
    this.#parts = parts;
  }

  /** Returns done, or that it waits for a member of the team: history is visible from joining, so nobody would see it now. */
  async deliver(row: InboxRow, signal: AbortSignal): Promise<'done' | { waitMs: number; code: string }> {
    const { conversations, opener, namespace } = this.#parts;
    if (row.lineId === undefined) throw new PermanentError('no line has the number');
    if (row.from === undefined) return this.#parts.toSecurity.deliver(row, signal);
    const conversation = await conversations.findOrCreate(row.lineId, row.from, () => newGhost(namespace));
    if (!conversation.isIntroduced) await this.#warnNewContact(conversation, row);
    await this.#parts.identity?.answer(row, conversation);
    const roomId = await opener.room(conversation);
    if (!(await opener.introduce(conversation, roomId))) {
      await this.#tellUnattended(row, roomId);
      return { waitMs: LOOK_AGAIN_MS, code: 'waiting-for-team' };
    }
    try {
      const speaker = conversation.contact.ghost;
      await this.#parts.say.say(row, row.body, { roomId, speaker, conversation }, signal);
    } catch (error) {
      if (!(error instanceof PermanentError) || (await opener.isWhole(conversation, roomId))) throw error;
      throw new RetryableError('Bot or patient’s side were put out of the room: the next try mends that.', {
        cause: error,
      });
    }
    return 'done';
  }

  /** An unknown number is asked for consent once, without waiting for the room. */
  async #warnNewContact(conversation: Conversation, row: InboxRow): Promise<void> {
    if (!this.#parts.warnOnFirstContact || row.keyword !== undefined) return;
    const consent = await this.#parts.consents.latest(conversation.address.id);
    if (consent === undefined) {
      await this.#parts.automatic.send(conversation, 'warning', `first-contact:${conversation.address.id}`, row.trace);
    }
  }

  async #tellUnattended(row: InboxRow, roomId: RoomId): Promise<void> {
    if (Date.now() - row.receivedAt < UNATTENDED_NOTICE_MS) return;
    await this.#parts.notifier.tellAdmins(
      `A patient's text on line ${row.lineId} waits: nobody of the team has joined its room ${roomId}. It is delivered when somebody joins.`,
      { cause: `unattended:${row.id}`, trace: row.trace },
    );
  }
}
