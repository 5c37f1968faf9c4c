import type { Conversation } from '../model/conversation.ts';
import type { ContactId, ConversationId, RoomId } from '../model/ids.ts';

/**
 * The conversations used last, found by id, room, or lane (line and hashed number). Writes drop what they touch; `remember` then refuses what was read
 * before the drop.
 */
export class ConversationCache {
  readonly #limit: number;
  /** In the order of their last use. */
  readonly #byId = new Map<ConversationId, { conversation: Conversation; lane: string }>();
  readonly #byRoom = new Map<RoomId, ConversationId>();
  readonly #byLane = new Map<string, ConversationId>();
  #drops = 0;

  constructor(limit = 5_000) {
    this.#limit = limit;
  }

  /** To be taken before the database is read, and given to `remember`. */
  get ticket(): number {
    return this.#drops;
  }

  byId(id: ConversationId | undefined): Conversation | undefined {
    const entry = id && this.#byId.get(id);
    if (id === undefined || entry === undefined) return undefined;
    this.#byId.delete(id);
    this.#byId.set(id, entry);
    return entry.conversation;
  }

  byRoom(roomId: RoomId): Conversation | undefined {
    return this.byId(this.#byRoom.get(roomId));
  }

  byLane(lane: string): Conversation | undefined {
    return this.byId(this.#byLane.get(lane));
  }

  /** Keeps what was read, unless something was dropped since `ticket` was taken. */
  remember(conversation: Conversation, lane: string, ticket: number): void {
    if (ticket !== this.#drops) return;
    this.#remove(conversation.id);
    this.#byId.set(conversation.id, { conversation, lane });
    this.#byLane.set(lane, conversation.id);
    if (conversation.roomId !== undefined) this.#byRoom.set(conversation.roomId, conversation.id);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > this.#limit && oldest !== undefined) this.#remove(oldest);
  }

  drop(id: ConversationId): void {
    this.#drops++;
    this.#remove(id);
  }

  /** Drops every conversation with the contact. */
  dropContact(contactId: ContactId): void {
    this.#drops++;
    for (const [id, { conversation }] of this.#byId) if (conversation.contact.id === contactId) this.#remove(id);
  }

  #remove(id: ConversationId): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    this.#byLane.delete(entry.lane);
    if (entry.conversation.roomId !== undefined) this.#byRoom.delete(entry.conversation.roomId);
  }
}
