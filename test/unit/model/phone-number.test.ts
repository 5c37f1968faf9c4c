import type { CountryCode } from 'libphonenumber-js/max';
import { expect } from 'chai';
import { maskPhoneNumber, parsePhoneNumber, type PhoneNumber } from '../../../src/model/phone-number.ts';

const CASES: readonly (readonly [string, CountryCode | undefined, string | undefined])[] = [
  ['+12125550123', undefined, '+12125550123'],
  ['(212) 555-0123', undefined, '+12125550123'],
  [' 212.555.0123 ', undefined, '+12125550123'],
  ['1-212-555-0123', undefined, '+12125550123'],
  ['12125550123', undefined, '+12125550123'],
  ['+44 20 7946 0018', undefined, '+442079460018'],
  ['020 7946 0018', 'GB', '+442079460018'],
  ['020 7946 0018', undefined, undefined],
  ['911', undefined, undefined],
  ['988', undefined, undefined],
  ['112', 'DE', undefined],
  ['+1911', undefined, undefined],
  ['12345', undefined, undefined],
  ['242424', undefined, undefined],
  ['555-0123', undefined, undefined],
  ['+1 555 555 0123', undefined, undefined],
  ['212-555-01234', undefined, undefined],
  ['212-555-0123 ext. 4', undefined, undefined],
  ['+', undefined, undefined],
  ['', undefined, undefined],
  ['Clinic', undefined, undefined],
  [`+1212555${'0'.repeat(40)}`, undefined, undefined],
  ['١٢٣', undefined, undefined],
];

describe('phone number', () => {
  for (const [text, country, expected] of CASES) {
    it(`reads ${JSON.stringify(text)}${country ? ` in ${country}` : ''} as ${expected ?? 'no number'}`, () => {
      expect(parsePhoneNumber(text, country)).to.equal(expected);
    });
  }

  it('shows the last four digits alone', () => {
    expect(maskPhoneNumber('+12125550123' as PhoneNumber)).to.equal('•••0123');
  });
});
