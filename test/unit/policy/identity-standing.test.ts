import { expect } from 'chai';
import type { IdentityState } from '../../../src/model/identity.ts';
import { identityStanding, type IdentityStanding } from '../../../src/policy/identity-standing.ts';

const DAY = 86_400_000;

/** The newest record, how many days old it is, whether there is a date of birth, how many days a right answer counts, and what it comes to. */
const CASES: readonly (readonly [IdentityState | undefined, number, boolean, number, IdentityStanding])[] = [
  [undefined, 0, false, 0, 'unknown'],
  [undefined, 0, true, 0, 'unasked'],
  ['unchecked', 0, false, 0, 'unknown'],
  ['unchecked', 0, true, 0, 'unasked'],
  ['asked', 1, true, 30, 'asked'],
  ['asked', 100, true, 30, 'asked'],
  ['locked', 1, true, 0, 'locked'],
  ['locked', 1_000, true, 30, 'locked'],
  ['locked', 1, false, 0, 'locked'],
  ['verified', 5_000, true, 0, 'verified'],
  ['verified', 29, true, 30, 'verified'],
  ['verified', 30, true, 30, 'unasked'],
  ['verified', 31, false, 30, 'unknown'],
  ['verified', 1, false, 30, 'verified'],
];

describe('standing of an identity (G3)', () => {
  for (const [state, days, hasBirthDate, validDays, standing] of CASES) {
    const birth = hasBirthDate ? 'with' : 'without';
    const valid = validDays === 0 ? 'for good' : `for ${validDays} days`;
    it(`${state ?? 'no record'} ${days} days ago, ${birth} a date of birth, valid ${valid}: ${standing}`, () => {
      const record = state && { state, at: 0 };
      const about = { validForMs: validDays * DAY, hasBirthDate, now: days * DAY };
      expect(identityStanding(record, about)).to.equal(standing);
    });
  }
});
