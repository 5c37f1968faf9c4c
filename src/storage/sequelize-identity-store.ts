import type { InferAttributes } from 'sequelize';
import type { BirthDate, IdentityRecord, IdentityState } from '../model/identity.ts';
import { newOpaqueId, type AddressId, type ContactId } from '../model/ids.ts';
import type { IdentityStore } from '../ports/identity-store.ts';
import { insertOnce } from './insert-once.ts';
import { lockAddress } from './lock-address.ts';
import { conversationModels } from './models/conversation-models.ts';
import { identityModel, type IdentityModel } from './models/identity-model.ts';
import type { StorageParts } from './storage-parts.ts';

/** The table of identity checks, whose rows are added only, and the dates of birth of the contacts. */
export class SequelizeIdentityStore implements IdentityStore {
  readonly #parts: StorageParts;
  readonly #checks: ReturnType<typeof identityModel>;
  readonly #contacts: ReturnType<typeof conversationModels>['contacts'];

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#checks = identityModel(parts.database.sequelize);
    this.#contacts = conversationModels(parts.database.sequelize).contacts;
  }

  async append(record: Omit<IdentityRecord, 'id'>): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const id = newOpaqueId();
    const stored = { ...record, id, evidence: cipher.encrypt(evidencePlace(id), record.evidence) };
    const inserted = await database.atomic(async (transaction) => {
      await lockAddress(database, transaction, record.addressId);
      return insertOnce(database, transaction, this.#checks, ['cause'], [stored]);
    });
    return inserted > 0;
  }

  async latest(addressId: AddressId): Promise<IdentityRecord | undefined> {
    const { database } = this.#parts;
    const record = await database.read(async (transaction) => {
      await lockAddress(database, transaction, addressId);
      return this.#checks.findOne({ where: { addressId }, order: [['seq', 'DESC']], raw: true, transaction });
    });
    return record === null ? undefined : this.#toRecord(record);
  }

  async history(addressId: AddressId): Promise<IdentityRecord[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#checks.findAll({ where: { addressId }, order: ['seq'], raw: true, transaction }),
    );
    return records.map((record) => this.#toRecord(record));
  }

  async birthDate(contactId: ContactId): Promise<BirthDate | undefined> {
    const { database, cipher } = this.#parts;
    const record = await database.read((transaction) =>
      this.#contacts.findByPk(contactId, { attributes: ['birthDate'], raw: true, transaction }),
    );
    const stored = record?.birthDate ?? undefined;
    return stored && (cipher.decrypt(birthDatePlace(contactId), stored) as BirthDate);
  }

  async setBirthDate(contactId: ContactId, date: BirthDate): Promise<void> {
    const { database, cipher } = this.#parts;
    const birthDate = cipher.encrypt(birthDatePlace(contactId), date);
    await database.write((transaction) =>
      this.#contacts.update({ birthDate }, { where: { id: contactId }, transaction }),
    );
  }

  #toRecord(record: InferAttributes<IdentityModel>): IdentityRecord {
    return {
      id: record.id,
      contactId: record.contactId as ContactId,
      addressId: record.addressId as AddressId,
      state: record.state as IdentityState,
      method: record.method as IdentityRecord['method'],
      failures: record.failures,
      wordingVersion: record.wordingVersion,
      evidence: this.#parts.cipher.decrypt(evidencePlace(record.id), record.evidence),
      cause: record.cause,
      actor: record.actor,
      at: Number(record.at),
    };
  }
}

function evidencePlace(rowId: string) {
  return { table: 'identity_checks', column: 'evidence', rowId };
}

function birthDatePlace(rowId: string) {
  return { table: 'contacts', column: 'birth_date', rowId };
}
