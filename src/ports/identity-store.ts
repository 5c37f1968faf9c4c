import type { BirthDate, IdentityRecord } from '../model/identity.ts';
import type { AddressId, ContactId } from '../model/ids.ts';

/** Dates of birth, and the append-only ledger of what patients answered. */
export interface IdentityStore {
  /** Commits a record; returns false where `cause` is already there. */
  append(record: Omit<IdentityRecord, 'id'>): Promise<boolean>;
  /** The newest record of the address. */
  latest(addressId: AddressId): Promise<IdentityRecord | undefined>;
  /** All records of the address, oldest first. */
  history(addressId: AddressId): Promise<IdentityRecord[]>;
  /** What staff said is the contact's date of birth (PHI). */
  birthDate(contactId: ContactId): Promise<BirthDate | undefined>;
  /** Commits it, in place of an earlier one. */
  setBirthDate(contactId: ContactId, date: BirthDate): Promise<void>;
}
