import type { ConsentRecord } from '../model/consent.ts';
import type { AddressId } from '../model/ids.ts';

/** The append-only consent ledger. */
export interface ConsentStore {
  /** Commits a record; returns false where `cause` is already there. */
  append(record: Omit<ConsentRecord, 'id'>): Promise<boolean>;
  /** The newest record of the address. */
  latest(addressId: AddressId): Promise<ConsentRecord | undefined>;
  /** All records of the address, oldest first. */
  history(addressId: AddressId): Promise<ConsentRecord[]>;
}
