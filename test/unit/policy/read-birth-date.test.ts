import { expect } from 'chai';
import type { Country } from '../../../src/model/phone-number.ts';
import { readBirthDates } from '../../../src/policy/read-birth-date.ts';

const TODAY = Date.UTC(2026, 10, 28);
const SECOND_OF_MARCH = ['1980-03-02'];

/** What is written, where, and which dates it can be. */
const CASES: readonly (readonly [string, Country, readonly string[]])[] = [
  // The country says what comes first.
  ['3/2/1980', 'US', SECOND_OF_MARCH],
  ['03/02/1980', 'US', SECOND_OF_MARCH],
  ['03-02-1980', 'PR', SECOND_OF_MARCH],
  ['2/3/1980', 'GB', SECOND_OF_MARCH],
  ['02.03.1980', 'DE', SECOND_OF_MARCH],
  ['2 3 1980', 'FR', SECOND_OF_MARCH],
  ['02031980', 'DE', SECOND_OF_MARCH],
  ['03021980', 'US', SECOND_OF_MARCH],
  // The other way round only where the first way is no date.
  ['25/3/1980', 'US', ['1980-03-25']],
  ['3/25/1980', 'GB', ['1980-03-25']],
  // The year first is the same everywhere.
  ['1980-03-02', 'US', SECOND_OF_MARCH],
  ['1980/3/2', 'GB', SECOND_OF_MARCH],
  ['1980.03.02', 'DE', SECOND_OF_MARCH],
  ['19800302', 'US', SECOND_OF_MARCH],
  ['19800302', 'DE', SECOND_OF_MARCH],
  // Letters leave no doubt.
  ['2 Mar 1980', 'US', SECOND_OF_MARCH],
  ['2 march 1980', 'GB', SECOND_OF_MARCH],
  ['2nd of March, 1980', 'US', SECOND_OF_MARCH],
  ['March 2, 1980', 'US', SECOND_OF_MARCH],
  ['MAR 02 1980', 'GB', SECOND_OF_MARCH],
  ['Mar. 2nd 1980', 'US', SECOND_OF_MARCH],
  ['02-Mar-1980', 'US', SECOND_OF_MARCH],
  ['2Mar1980', 'US', SECOND_OF_MARCH],
  ['2 de marzo de 1980', 'US', SECOND_OF_MARCH],
  ['2 Sept 1980', 'US', ['1980-09-02']],
  ['12 ene 1980', 'US', ['1980-01-12']],
  // With words around it.
  ['My date of birth is 3/2/1980.', 'US', SECOND_OF_MARCH],
  ['DOB: 03/02/1980', 'US', SECOND_OF_MARCH],
  ['  3/2/1980\n', 'US', SECOND_OF_MARCH],
  ['Hi, it is March 2, 1980 thanks', 'US', SECOND_OF_MARCH],
  // A year of two digits can be of either century.
  ['3/2/80', 'US', SECOND_OF_MARCH],
  ['030280', 'US', SECOND_OF_MARCH],
  ['2 Mar 80', 'GB', SECOND_OF_MARCH],
  ['3/2/24', 'US', ['2024-03-02', '1924-03-02']],
  // Nobody's date of birth.
  ['2/30/1980', 'US', []],
  ['31 Apr 1980', 'US', []],
  ['29 Feb 1981', 'US', []],
  ['29 Feb 1980', 'US', ['1980-02-29']],
  ['0/2/1980', 'US', []],
  ['13/13/1980', 'US', []],
  ['11/29/2026', 'US', []],
  ['11/28/2026', 'US', ['2026-11-28']],
  ['3/2/1880', 'US', []],
  ['2 Mrz 1980', 'US', []],
  ['martin 2 1980', 'US', []],
  // No date at all, or more than one: a list of guesses is no answer.
  ['', 'US', []],
  ['yes', 'US', []],
  ['1980', 'US', []],
  ['+1 212 555 0123', 'US', []],
  ['212-555-0123', 'US', []],
  ['(212) 555 0123', 'US', []],
  ['3/2/1980 or 3/3/1980', 'US', []],
  ['3/2/1980 3/3/1980 3/4/1980', 'US', []],
  ['2 Mar 1980, 3 Mar 1980', 'US', []],
  ['1/3/2/1980', 'US', []],
  ['3/2/19801', 'US', []],
  ['3-2/1980', 'US', []],
  [`${'x'.repeat(80)} 3/2/1980`, 'US', []],
];

describe('reading a date of birth (G3)', () => {
  for (const [text, country, dates] of CASES) {
    it(`${JSON.stringify(text.slice(0, 40))} in ${country}: ${dates.join(' or ') || 'none'}`, () => {
      expect(readBirthDates(text, country, TODAY)).to.deep.equal(dates);
    });
  }

  it('ends before the time-out for any text, also what is made to be slow', () => {
    for (const text of ['1'.repeat(80), '1/'.repeat(40), 'a'.repeat(80), '1 a'.repeat(26), '1a.'.repeat(26)])
      readBirthDates(text, 'US', TODAY);
  });
});
