import { expect } from 'chai';
import { nearestName } from '../../../src/config/nearest-name.ts';

const NAMES = ['url', 'domain', 'registration', 'ghost_prefix', 'key_notice_after'];

const cases: [typed: string, meant: string | undefined][] = [
  ['domian', 'domain'],
  ['Domain', 'domain'],
  ['uri', 'url'],
  ['ulr', 'url'],
  ['registraton', 'registration'],
  ['ghost-prefix', 'ghost_prefix'],
  ['keyNoticeAfter', 'key_notice_after'],
  ['password', undefined],
  ['x', undefined],
  ['', undefined],
];

describe('nearestName', () => {
  for (const [typed, meant] of cases) {
    it(`${JSON.stringify(typed)} is meant to be ${meant ?? 'nothing we know'}`, () => {
      expect(nearestName(typed, NAMES)).to.equal(meant);
    });
  }
});
