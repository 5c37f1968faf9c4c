import type { IdentityRecord } from '../model/identity.ts';

/**
 * What the check of a patient's identity comes to. not-needed: this installation asks nobody. unknown: there is no date of birth to compare with.
 * unasked: there is one, and the patient is to be asked. The rest as `IdentityState`.
 */
export type IdentityStanding = 'not-needed' | 'unknown' | 'unasked' | 'asked' | 'locked' | 'verified';

/** How long a verified number stays verified, ms; 0 is for good. Some practices ask again every 30 days. */
export interface IdentityRule {
  readonly validForMs: number;
}

/** The standing of an address by its newest record. Deny by default: what has run out counts as never asked (G3). */
export function identityStanding(
  record: Pick<IdentityRecord, 'state' | 'at'> | undefined,
  about: IdentityRule & { readonly hasBirthDate: boolean; readonly now: number },
): IdentityStanding {
  const { validForMs, hasBirthDate, now } = about;
  if (record?.state === 'locked') return 'locked';
  if (record?.state === 'verified' && (validForMs === 0 || now - record.at < validForMs)) return 'verified';
  if (!hasBirthDate) return 'unknown';
  return record?.state === 'asked' ? 'asked' : 'unasked';
}
