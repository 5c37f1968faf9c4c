/** Consent to be texted: what was asked, answered, and proven. */
import type { AddressId, ContactId } from './ids.ts';

/**
 * none: never asked (or contact restored by START, or the warning did not leave). warned: the risk warning was sent, no answer yet. granted: the patient
 * still prefers texts (HHS 2013 Omnibus preamble, 78 FR 5634). declined: the answer was no. revoked: opted out (47 CFR 64.1200(a)(10)).
 */
export type ConsentState = 'none' | 'warned' | 'granted' | 'declined' | 'revoked';

/** How a state came about. */
export type ConsentMethod = 'sms' | 'verbal' | 'paper' | 'carrier';

/** One row of the append-only consent ledger (J2). The newest row of an address is its state. */
export interface ConsentRecord {
  readonly id: string;
  readonly contactId: ContactId;
  readonly addressId: AddressId;
  readonly state: ConsentState;
  readonly method: ConsentMethod;
  /** Version of the warning text that was in force, e.g. `2026-11`. */
  readonly wordingVersion: string;
  /** The exact words of the reply or of the attestation. PHI. */
  readonly evidence: string;
  /** Unique: what caused the record (`inbox:<id>`, `event:<id>`, `outbox:<id>`), so that a repetition adds nothing. */
  readonly cause: string;
  /** The staff member who attested, or `patient`. */
  readonly actor: string;
  /** Unix time, ms. */
  readonly at: number;
}
