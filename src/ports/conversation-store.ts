import type { Address, Contact, Conversation } from '../model/conversation.ts';
import type { AddressId, ContactId, ConversationId, LineId, RoomId, UserId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';

/** Contacts, their addresses, and the conversation that each line has with an address. */
export interface ConversationStore {
  /** The address with this number, found by its keyed hash. */
  findAddress(number: PhoneNumber): Promise<Address | undefined>;
  /** The address with this number, made with a new contact and ghost (from `newGhost`) where there is none. */
  ensureAddress(number: PhoneNumber, newGhost: () => UserId): Promise<Address>;
  /** The conversation of (line, number), made with a new contact and ghost (from `newGhost`) where there is none. */
  findOrCreate(lineId: LineId, number: PhoneNumber, newGhost: () => UserId): Promise<Conversation>;
  find(id: ConversationId): Promise<Conversation | undefined>;
  findByRoom(roomId: RoomId): Promise<Conversation | undefined>;
  /** Every line's conversation with the address. */
  findByAddress(addressId: AddressId): Promise<Conversation[]>;
  /** Every conversation that has a room, without anything of the person. */
  withRooms(): Promise<readonly ConversationRoom[]>;
  /** Every contact's ghost. */
  ghosts(): Promise<readonly UserId[]>;
  /** Commits the room of a conversation; also used to follow a room upgrade. */
  setRoom(id: ConversationId, roomId: RoomId): Promise<void>;
  /** Commits another room in the place of one that is lost: there the team has not seen the card. */
  replaceRoom(id: ConversationId, roomId: RoomId): Promise<void>;
  /** Commits that the team has seen the card. */
  markIntroduced(id: ConversationId): Promise<void>;
  /** Commits the contact's name (PHI). */
  setName(contact: Contact, name: string): Promise<void>;
  /** The inbox lane of (line, number), see `InboxStore.wake`. */
  inboxLane(lineId: LineId, number: PhoneNumber): string;
}

/** What there is to know of a conversation's room. */
export interface ConversationRoom {
  readonly id: ConversationId;
  readonly lineId: LineId;
  readonly roomId: RoomId;
  readonly contactId: ContactId;
  readonly ghost: UserId;
}
