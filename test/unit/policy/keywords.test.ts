import { expect } from 'chai';
import type { Keyword } from '../../../src/model/rows.ts';
import { keywordOf } from '../../../src/policy/keywords.ts';

const CASES: readonly (readonly [string, Keyword | undefined])[] = [
  ...['STOP', 'stop', ' Stop. ', '"STOP"', 'QUIT', 'END', 'Revoke', 'OPT OUT', 'opt-out', 'OPTOUT', 'CANCEL'].map(
    (text) => [text, 'stop'] as const,
  ),
  ...['UNSUBSCRIBE', 'StopAll', 'stop  all', 'REMOVE', 'ARRET', 'arrêt', 'STOP!!!', '\tstop\n', '“Stop”'].map(
    (text) => [text, 'stop'] as const,
  ),
  ['START', 'start'],
  ['unstop', 'start'],
  ['HELP', 'help'],
  ['info?', 'help'],
  ['YES', 'yes'],
  ['Yes.', 'yes'],
  ['sí', 'yes'],
  ['y', 'yes'],
  ['No', 'no'],
  ['please stop by at five', undefined],
  ['yes I will come', undefined],
  ['I need help with my pills', undefined],
  ['cancel my appointment', undefined],
  ['', undefined],
  ['...', undefined],
  ['👍', undefined],
  [`stop${' '.repeat(100)}`, undefined],
];

describe('keywords (K1, K6, K7)', () => {
  for (const [text, keyword] of CASES) {
    it(`takes ${JSON.stringify(text)} as ${keyword ?? 'a message'}`, () => {
      expect(keywordOf(text)).to.equal(keyword);
    });
  }
});
