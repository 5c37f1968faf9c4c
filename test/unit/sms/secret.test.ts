import { expect } from 'chai';
import { isSameSecret } from '../../../src/sms/secret.ts';

describe('isSameSecret', () => {
  for (const [given, expected, same] of [
    ['secret', 'secret', true],
    ['Secret', 'secret', false],
    ['', 'secret', false],
    ['secret-and-more', 'secret', false],
    ['é', 'é', true],
  ] as const) {
    it(`says ${same} of ${JSON.stringify(given)} and ${JSON.stringify(expected)}`, () => {
      expect(isSameSecret(given, expected)).to.equal(same);
    });
  }
});
