import type { InferAttributes } from 'sequelize';
import type { ConsentMethod, ConsentRecord, ConsentState } from '../model/consent.ts';
import { newOpaqueId, type AddressId, type ContactId } from '../model/ids.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import { insertOnce } from './insert-once.ts';
import { lockAddress } from './lock-address.ts';
import { consentModel, type ConsentModel } from './models/consent-model.ts';
import type { StorageParts } from './storage-parts.ts';

/** The consents table: rows are added, and triggers refuse everything else. */
export class SequelizeConsentStore implements ConsentStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof consentModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = consentModel(parts.database.sequelize);
  }

  async append(record: Omit<ConsentRecord, 'id'>): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const id = newOpaqueId();
    const stored = { ...record, id, evidence: cipher.encrypt(placeOf(id), record.evidence) };
    const inserted = await database.atomic(async (transaction) => {
      await lockAddress(database, transaction, record.addressId);
      return insertOnce(database, transaction, this.#model, ['cause'], [stored]);
    });
    return inserted > 0;
  }

  async latest(addressId: AddressId): Promise<ConsentRecord | undefined> {
    const { database } = this.#parts;
    const record = await database.read(async (transaction) => {
      await lockAddress(database, transaction, addressId);
      return this.#model.findOne({ where: { addressId }, order: [['seq', 'DESC']], raw: true, transaction });
    });
    return record === null ? undefined : this.#toRecord(record);
  }

  async history(addressId: AddressId): Promise<ConsentRecord[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({ where: { addressId }, order: ['seq'], raw: true, transaction }),
    );
    return records.map((record) => this.#toRecord(record));
  }

  #toRecord(record: InferAttributes<ConsentModel>): ConsentRecord {
    return {
      id: record.id,
      contactId: record.contactId as ContactId,
      addressId: record.addressId as AddressId,
      state: record.state as ConsentState,
      method: record.method as ConsentMethod,
      wordingVersion: record.wordingVersion,
      evidence: this.#parts.cipher.decrypt(placeOf(record.id), record.evidence),
      cause: record.cause,
      actor: record.actor,
      at: Number(record.at),
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'consents', column: 'evidence', rowId };
}
