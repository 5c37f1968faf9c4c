import type { Transaction } from 'sequelize';
import type { Address, Contact, Conversation } from '../model/conversation.ts';
import {
  newOpaqueId,
  type AddressId,
  type ContactId,
  type ConversationId,
  type LineId,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { ConversationRoom, ConversationStore } from '../ports/conversation-store.ts';
import { ConversationCache } from './conversation-cache.ts';
import { insertOnce } from './insert-once.ts';
import { conversationModels } from './models/conversation-models.ts';
import { inboxLane } from './sequelize-inbox-store.ts';
import type { StorageParts } from './storage-parts.ts';

/** A conversation with its contact and address, as `SELECT` below gives it. */
interface JoinedRecord {
  readonly id: string;
  readonly lineId: string;
  readonly roomId: string | null;
  readonly isIntroduced: boolean | number;
  readonly addressId: string;
  readonly number: string;
  readonly contactId: string;
  readonly name: string | null;
  readonly ghost: string;
}

const SELECT = `SELECT v.id AS "id", v.line_id AS "lineId", v.room_id AS "roomId", v.is_introduced AS "isIntroduced",
    a.id AS "addressId", a.number AS "number", c.id AS "contactId", c.name AS "name", c.ghost AS "ghost"
  FROM conversations AS v JOIN addresses AS a ON a.id = v.address_id JOIN contacts AS c ON c.id = a.contact_id`;
const WITH_ROOMS = `SELECT v.id AS "id", v.line_id AS "lineId", v.room_id AS "roomId", c.id AS "contactId", c.ghost AS "ghost"
  FROM conversations AS v JOIN addresses AS a ON a.id = v.address_id JOIN contacts AS c ON c.id = a.contact_id
  WHERE v.room_id IS NOT NULL ORDER BY v.created_at, v.id`;
const BY_LINE_AND_NUMBER = 'a.number_hash = $1 AND v.line_id = $2';

/** The tables of contacts, addresses and conversations, with those used last in memory. Inside a transaction the memory is neither asked nor filled. */
export class SequelizeConversationStore implements ConversationStore {
  readonly #parts: StorageParts;
  readonly #models: ReturnType<typeof conversationModels>;
  readonly #cache = new ConversationCache();

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#models = conversationModels(parts.database.sequelize);
  }

  async findAddress(number: PhoneNumber): Promise<Address | undefined> {
    const numberHash = this.#parts.numberHash.of(number);
    const record = await this.#parts.database.read((transaction) =>
      this.#models.addresses.findOne({ where: { numberHash }, raw: true, transaction }),
    );
    return record === null
      ? undefined
      : { id: record.id as AddressId, contactId: record.contactId as ContactId, number };
  }

  async ensureAddress(number: PhoneNumber, newGhost: () => UserId): Promise<Address> {
    const id = await this.#parts.database.atomic((transaction) => this.#ensureAddress(transaction, number, newGhost));
    const address = await this.findAddress(number);
    if (address?.id !== id) throw new Error('an address vanished while it was made');
    return address;
  }

  async findOrCreate(lineId: LineId, number: PhoneNumber, newGhost: () => UserId): Promise<Conversation> {
    const { database, numberHash } = this.#parts;
    const lane = this.inboxLane(lineId, number);
    const cached = this.#cached((cache) => cache.byLane(lane));
    if (cached !== undefined) return cached;
    const bind = [numberHash.of(number), lineId];
    const found = await this.#findOne(BY_LINE_AND_NUMBER, bind);
    if (found !== undefined) return found;
    await database.atomic(async (transaction) => {
      const addressId = await this.#ensureAddress(transaction, number, newGhost);
      const conversation = { id: newOpaqueId(), lineId, addressId, createdAt: Date.now() };
      await insertOnce(database, transaction, this.#models.conversations, ['lineId', 'addressId'], [conversation]);
    });
    const made = await this.#findOne(BY_LINE_AND_NUMBER, bind);
    if (made === undefined) throw new Error('a conversation vanished while it was made');
    return made;
  }

  async find(id: ConversationId): Promise<Conversation | undefined> {
    return this.#cached((cache) => cache.byId(id)) ?? this.#findOne('v.id = $1', [id]);
  }

  async findByRoom(roomId: RoomId): Promise<Conversation | undefined> {
    return this.#cached((cache) => cache.byRoom(roomId)) ?? this.#findOne('v.room_id = $1', [roomId]);
  }

  findByAddress(addressId: AddressId): Promise<Conversation[]> {
    return this.#findMany('a.id = $1', [addressId]);
  }

  withRooms(): Promise<readonly ConversationRoom[]> {
    const { database } = this.#parts;
    return database.read((transaction) => database.select<ConversationRoom>(transaction, WITH_ROOMS, []));
  }

  async ghosts(): Promise<readonly UserId[]> {
    const rows = await this.#parts.database.read((transaction) =>
      this.#models.contacts.findAll({ attributes: ['ghost'], transaction }),
    );
    return rows.map(({ ghost }) => ghost as UserId);
  }

  async setRoom(id: ConversationId, roomId: RoomId): Promise<void> {
    await this.#change(
      (transaction) => this.#models.conversations.update({ roomId }, { where: { id }, transaction }),
      () => this.#cache.drop(id),
    );
  }

  async replaceRoom(id: ConversationId, roomId: RoomId): Promise<void> {
    const values = { roomId, isIntroduced: false };
    await this.#change(
      (transaction) => this.#models.conversations.update(values, { where: { id }, transaction }),
      () => this.#cache.drop(id),
    );
  }

  async markIntroduced(id: ConversationId): Promise<void> {
    await this.#change(
      (transaction) => this.#models.conversations.update({ isIntroduced: true }, { where: { id }, transaction }),
      () => this.#cache.drop(id),
    );
  }

  async setName(contact: Contact, name: string): Promise<void> {
    const value = this.#parts.cipher.encrypt(namePlace(contact.id), name);
    await this.#change(
      (transaction) => this.#models.contacts.update({ name: value }, { where: { id: contact.id }, transaction }),
      () => this.#cache.dropContact(contact.id),
    );
  }

  inboxLane(lineId: LineId, number: PhoneNumber): string {
    return inboxLane(this.#parts.numberHash, lineId, number);
  }

  /** The address of the number, with a new contact where there is none. */
  async #ensureAddress(transaction: Transaction | null, number: PhoneNumber, newGhost: () => UserId): Promise<string> {
    const { database, numberHash, cipher } = this.#parts;
    const { addresses, contacts } = this.#models;
    const where = { numberHash: numberHash.of(number) };
    const known = await addresses.findOne({ where, raw: true, transaction });
    if (known !== null) return known.id;
    const createdAt = Date.now();
    const contactId = newOpaqueId();
    const id = newOpaqueId();
    await insertOnce(database, transaction, contacts, ['id'], [{ id: contactId, ghost: newGhost(), createdAt }]);
    const address = { id, contactId, number: cipher.encrypt(numberPlace(id), number), ...where, createdAt };
    if ((await insertOnce(database, transaction, addresses, ['numberHash'], [address])) > 0) return id;
    // Somebody else was faster, and that one's contact is the one to keep.
    await contacts.destroy({ where: { id: contactId }, transaction });
    const theirs = await addresses.findOne({ where, raw: true, transaction });
    if (theirs === null) throw new Error('an address vanished while it was made');
    return theirs.id;
  }

  #cached(find: (cache: ConversationCache) => Conversation | undefined): Conversation | undefined {
    return this.#parts.database.isInTransaction ? undefined : find(this.#cache);
  }

  /** Drops before and after: what others read until the commit is the state before it. */
  async #change(change: (transaction: Transaction | null) => Promise<unknown>, drop: () => void): Promise<void> {
    const { database } = this.#parts;
    drop();
    await database.write(change);
    database.afterCommit(drop);
  }

  async #findOne(where: string, bind: readonly string[]): Promise<Conversation | undefined> {
    return (await this.#findMany(where, bind))[0];
  }

  async #findMany(where: string, bind: readonly string[]): Promise<Conversation[]> {
    const { database } = this.#parts;
    const { ticket } = this.#cache;
    const isInTransaction = database.isInTransaction;
    const records = await database.read((transaction) =>
      database.select<JoinedRecord>(transaction, `${SELECT} WHERE ${where} ORDER BY v.created_at, v.id`, bind),
    );
    const conversations = records.map((record) => this.#toConversation(record));
    if (isInTransaction) return conversations;
    for (const conversation of conversations) {
      this.#cache.remember(conversation, this.inboxLane(conversation.lineId, conversation.address.number), ticket);
    }
    return conversations;
  }

  #toConversation(record: JoinedRecord): Conversation {
    const { cipher } = this.#parts;
    const contactId = record.contactId as ContactId;
    return {
      id: record.id as ConversationId,
      lineId: record.lineId as LineId,
      contact: {
        id: contactId,
        name: record.name === null ? undefined : cipher.decrypt(namePlace(contactId), record.name),
        ghost: record.ghost as UserId,
      },
      address: {
        id: record.addressId as AddressId,
        contactId,
        number: cipher.decrypt(numberPlace(record.addressId), record.number) as PhoneNumber,
      },
      roomId: (record.roomId ?? undefined) as RoomId | undefined,
      isIntroduced: Boolean(record.isIntroduced),
    };
  }
}

function namePlace(rowId: string) {
  return { table: 'contacts', column: 'name', rowId };
}

function numberPlace(rowId: string) {
  return { table: 'addresses', column: 'number', rowId };
}
