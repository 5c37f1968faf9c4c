import { createHash } from 'node:crypto';
import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Conversation } from '../model/conversation.ts';
import type { ConversationId, RoomId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import { conversationRoom } from './conversation-room.ts';
import type { MakeGovernedRoom } from './make-governed-room.ts';
import type { Notifier } from './notifier.ts';

/** What mending needs. */
export interface MendRoomParts {
  readonly conversations: ConversationStore;
  readonly governedRooms: Pick<GovernedRoomStore, 'release'>;
  readonly rooms: Rooms;
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly notifier: Pick<Notifier, 'tellAdmins'>;
  readonly namespace: Namespace;
  readonly log: Logger;
}

/**
 * A patient's room that the bot or the patient's side (the ghost) is not in any more. The ghost is let in again. Where both are out, the room was most
 * likely deleted: another is made, and the patient's texts go on there.
 */
export class MendRoom {
  readonly #parts: MendRoomParts;

  constructor(parts: MendRoomParts) {
    this.#parts = parts;
  }

  /** True where both are in it; from memory. */
  async isWhole({ contact }: Conversation, roomId: RoomId): Promise<boolean> {
    const { rooms, namespace } = this.#parts;
    try {
      const members = await rooms.joinedMembers(roomId);
      return members.has(namespace.bot) && members.has(contact.ghost);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      return false;
    }
  }

  /** The same, asked of the homeserver. */
  async isWholeNow({ contact }: Conversation, roomId: RoomId): Promise<boolean> {
    const { rooms, namespace } = this.#parts;
    return (await rooms.isIn(roomId, contact.ghost)) && (await rooms.isIn(roomId, namespace.bot));
  }

  /** The room to use from now on. One call at a time for each conversation. Throws RetryableError where the bot alone is out: it can be invited. */
  async mend(id: ConversationId, roomId: RoomId): Promise<RoomId> {
    const { conversations, rooms, namespace } = this.#parts;
    const conversation = await conversations.find(id);
    if (conversation === undefined) throw new Error('a conversation vanished');
    if (conversation.roomId !== undefined && conversation.roomId !== roomId) return conversation.roomId;
    const { ghost } = conversation.contact;
    const hasGhost = await rooms.isIn(roomId, ghost);
    if (await rooms.isIn(roomId, namespace.bot)) {
      if (!hasGhost) await rooms.bringIn(roomId, ghost);
      return roomId;
    }
    if (hasGhost) throw new RetryableError('The bot is not in the room of a patient. Invite it.');
    return this.#replace(conversation, roomId);
  }

  /** The new room's key is made of the lost one's id, so that a repetition makes the same. */
  async #replace(conversation: Conversation, lost: RoomId): Promise<RoomId> {
    const { conversations, governedRooms, make, notifier, log } = this.#parts;
    const { id, contact, lineId } = conversation;
    const wanted = conversationRoom({ ...conversation, contactId: contact.id, ghost: contact.ghost });
    const key = `${id}-${createHash('sha256').update(lost).digest('hex').slice(0, 8)}`;
    const roomId = await make.make({ ...wanted, key }, async (made) => {
      await conversations.replaceRoom(id, made);
      await governedRooms.release(lost, 'lost', Date.now());
      await notifier.tellAdmins(
        `The room ${lost} of a patient on line ${lineId} is lost: it was deleted, or the bot and the patient’s side were put out. Another was made: ${made}.`,
        { cause: `lost-room:${lost}` },
      );
    });
    log.warn('conversation.room-lost', { roomId, line: lineId });
    return roomId;
  }
}
