/** Whether the person at a number is the patient: what was asked, answered or attested, and proven (G3). */
import type { AddressId, Brand, ContactId } from './ids.ts';

/** unchecked: what was proven before counts no more. asked: the patient was asked, and has not given the right answer so far. locked: too many wrong answers. */
export type IdentityState = 'unchecked' | 'asked' | 'locked' | 'verified';

/** One row of the append-only ledger of identity checks. The newest row of an address is its state. */
export interface IdentityRecord {
  readonly id: string;
  readonly contactId: ContactId;
  readonly addressId: AddressId;
  readonly state: IdentityState;
  /** By the patient's own answer, or by a member of staff. */
  readonly method: 'sms' | 'attested';
  /** Wrong answers since the last right one or attestation. */
  readonly failures: number;
  /** Version of the wording that was in force, e.g. `2026-11`. */
  readonly wordingVersion: string;
  /** The exact words of the answer or of the attestation. PHI. */
  readonly evidence: string;
  /** Unique: what caused the record (`inbox:<id>`, `event:<id>`), so that a repetition adds nothing. */
  readonly cause: string;
  /** The staff member, `patient`, or `carebridge`. */
  readonly actor: string;
  /** Unix time, ms. */
  readonly at: number;
}

/** A date of birth, `1980-03-02`. It is PHI: never logged, and shown to nobody. */
export type BirthDate = Brand<string, 'BirthDate'>;
