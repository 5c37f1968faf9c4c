import { PermanentError } from '../errors.ts';
import type { ConsentState } from '../model/consent.ts';
import type { Conversation } from '../model/conversation.ts';
import type { ConversationId, RoomId, UserId } from '../model/ids.ts';
import { maskPhoneNumber } from '../model/phone-number.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import { isOurs } from '../model/namespace.ts';
import type { CheckIdentity } from './check-identity.ts';
import { conversationRoom, opaqueLabel } from './conversation-room.ts';
import { MendRoom, type MendRoomParts } from './mend-room.ts';

/** What opening needs. */
export interface OpenConversationParts extends MendRoomParts {
  readonly consents: ConsentStore;
  readonly sender: RoomSender;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
  readonly prefix: string;
}

/** In words, for the card and for `consent show`. */
export const CONSENT_IN_WORDS: Readonly<Record<ConsentState, string>> = {
  none: 'not asked yet. Nothing but the risk warning can be sent.',
  warned: 'asked, no answer yet. Your messages can be sent once the patient answers YES.',
  granted: 'granted.',
  declined: 'declined. Call instead.',
  revoked: 'opted out (STOP). Call instead.',
};

/** Makes the room of a conversation and introduces the contact to the team. One call at a time for each conversation. */
export class OpenConversation {
  readonly #parts: OpenConversationParts;
  readonly #mend: MendRoom;
  readonly #running = new Map<ConversationId, Promise<unknown>>();

  constructor(parts: OpenConversationParts) {
    this.#parts = parts;
    this.#mend = new MendRoom(parts);
  }

  /** The room of the conversation; made, completed after an interruption, or mended (see `MendRoom`) where needed. */
  async room(conversation: Conversation): Promise<RoomId> {
    const { id, roomId } = conversation;
    if (roomId === undefined) return this.#oneAtATime(id, () => this.#create(id));
    if (await this.#mend.isWhole(conversation, roomId)) return roomId;
    return this.#oneAtATime(id, () => this.#mend.mend(id, roomId));
  }

  /** True where bot and patient's side are in the room; the homeserver is asked. */
  isWhole(conversation: Conversation, roomId: RoomId): Promise<boolean> {
    return this.#mend.isWholeNow(conversation, roomId);
  }

  /** Lets a member of the line's team in who was added to it after the room was made; one who cannot be invited keeps nobody else from the patient. */
  async admit(roomId: RoomId, user: UserId): Promise<void> {
    try {
      await this.#parts.rooms.invite(roomId, user);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      this.#parts.log.warn('room.invite-refused', { roomId, userId: user });
    }
  }

  /** True where a member of staff is in the room to read what is sent now. */
  async isAttended(roomId: RoomId): Promise<boolean> {
    for (const member of await this.#parts.rooms.joinedMembers(roomId)) {
      if (!isOurs(this.#parts.namespace, member)) return true;
    }
    return false;
  }

  /**
   * Sends the card, the first encrypted event of the room. It waits for the first member of staff, since history is visible from
   * joining only; returns whether somebody is there.
   */
  async introduce(conversation: Conversation, roomId: RoomId): Promise<boolean> {
    if (!(await this.isAttended(roomId))) return false;
    // In a room that replaces a lost one nobody has seen it.
    if (!conversation.isIntroduced || conversation.roomId !== roomId)
      await this.#oneAtATime(conversation.id, () => this.#sendCard(conversation.id, roomId));
    return true;
  }

  /** The contact's name and masked number, the line and the consent, for the team's eyes: PHI. */
  async card(conversation: Conversation): Promise<string> {
    const { consents, identity, prefix } = this.#parts;
    const consent = await consents.latest(conversation.address.id);
    return [
      `${conversation.contact.name ?? 'Name not known'}, ${maskPhoneNumber(conversation.address.number)}, on line ${conversation.lineId}.`,
      `Consent to texts: ${CONSENT_IN_WORDS[consent?.state ?? 'none']}`,
      ...(identity === undefined ? [] : [`Who answers there: ${await identity.describe(conversation)}`]),
      'What you write here goes out as SMS, which is not encrypted beyond this point.',
      `Help: ${prefix} help`,
    ].join('\n');
  }

  async #create(id: ConversationId): Promise<RoomId> {
    const { conversations, rooms, sender, make, log } = this.#parts;
    const conversation = await conversations.find(id);
    if (conversation === undefined) throw new Error('a conversation vanished');
    if (conversation.roomId !== undefined) return conversation.roomId;
    const { contact } = conversation;
    await rooms.ensureGhost(contact.ghost, `Patient ${opaqueLabel(contact.id)}`);
    await sender.prepare(contact.ghost);
    const wanted = conversationRoom({ ...conversation, contactId: contact.id, ghost: contact.ghost });
    const roomId = await make.make(wanted, (made) => conversations.setRoom(id, made));
    log.info('conversation.opened', { roomId, line: conversation.lineId });
    // Somebody who joined before the room was known to be ours was not noticed.
    if (await this.isAttended(roomId)) await this.#sendCard(id, roomId);
    return roomId;
  }

  async #sendCard(id: ConversationId, roomId: RoomId): Promise<void> {
    const { conversations, sender, namespace } = this.#parts;
    const conversation = await conversations.find(id);
    if (conversation === undefined || conversation.isIntroduced) return;
    const body = await this.card(conversation);
    await sender.send({
      as: namespace.bot satisfies UserId,
      roomId,
      type: 'm.room.message',
      content: { msgtype: 'm.notice', body },
      txnId: `card-${roomId}`,
    });
    await conversations.markIntroduced(id);
  }

  #oneAtATime<T>(id: ConversationId, work: () => Promise<T>): Promise<T> {
    const earlier = this.#running.get(id) ?? Promise.resolve();
    // An earlier failure belongs to the earlier caller.
    const next = earlier.then(work, work);
    const settled = next.finally(() => {
      if (this.#running.get(id) === settled) this.#running.delete(id);
    });
    this.#running.set(id, settled);
    settled.catch(() => undefined);
    return next;
  }
}
