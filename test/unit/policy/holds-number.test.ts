import { expect } from 'chai';
import { holdsNumber, jsonHoldsNumber } from '../../../src/policy/holds-number.ts';

describe('holdsNumber', () => {
  const numbers = [
    ...[
      '+12125550100',
      '212-555-0100',
      '(212) 555 0100',
      '212.555.0100',
      '5550100',
      '555 01 00',
      'MRN 123456',
      '03/14/1962',
    ],
    ...[
      '2026-11-24',
      'x1234567y',
      '２１２５５５０１００',
      '٠١٢٣٤٥٦٧',
      '2\u200b1\u200b2\u200b5550100',
      '212\u00a0555\u00a00100',
    ],
    ...['1\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e35\ufe0f\u20e36\ufe0f\u20e37\ufe0f\u20e3'],
  ];
  for (const text of numbers) {
    it(`sees one in ${JSON.stringify(text)} (E4)`, () => {
      expect(holdsNumber(text)).to.equal(true);
    });
  }

  const others = [
    '',
    'Ward 12',
    'Rooms 101-108',
    'Patient ABCD (front-desk)',
    '24/7',
    'Bed 3, ward 4, floor 5, wing 6, 7, 8',
    '12345',
  ];
  for (const text of others) {
    it(`sees none in ${JSON.stringify(text)}`, () => {
      expect(holdsNumber(text)).to.equal(false);
    });
  }

  it('looks into JSON, names too, and takes for one what is too deep to tell', () => {
    const deep: object = Array.from({ length: 30 }).reduce((inner: object) => [inner], {});
    for (const value of [{ '2125550100': 1 }, [['2125550100']], 2125550100, { a: { b: '212-555-0100' } }, deep]) {
      expect(jsonHoldsNumber(value)).to.equal(true);
    }
    for (const value of [null, true, 12, { a: ['Ward 12', { w: 64 }] }, Array(1_000_000).fill(0)]) {
      expect(jsonHoldsNumber(value)).to.equal(false);
    }
  });
});
