import { expect } from 'chai';
import { encodingOf, toPhoneText } from '../../../src/model/sms-encoding.ts';

const CODINGS: readonly (readonly [string, string, 'gsm7' | 'ucs2', number])[] = [
  ['an empty text', '', 'gsm7', 1],
  ['160 letters', 'x'.repeat(160), 'gsm7', 1],
  ['161 letters', 'x'.repeat(161), 'gsm7', 2],
  ['306 letters', 'x'.repeat(306), 'gsm7', 2],
  ['307 letters', 'x'.repeat(307), 'gsm7', 3],
  ['1530 letters', 'x'.repeat(1_530), 'gsm7', 10],
  ['é and à', 'é à', 'gsm7', 1],
  ['80 euro signs, two septets each', '€'.repeat(80), 'gsm7', 1],
  ['81 euro signs', '€'.repeat(81), 'gsm7', 2],
  ['brackets and braces', '[{^~|\\}]', 'gsm7', 1],
  ['line breaks', 'a\r\nb', 'gsm7', 1],
  ['Greek capitals', 'ΔΦΓΛΩΠΨΣΘΞ', 'gsm7', 1],
  ['ê, which GSM lacks', 'ê', 'ucs2', 1],
  ['ç, of which GSM has the capital only', 'ç', 'ucs2', 1],
  ['a curly apostrophe', 'it’s', 'ucs2', 1],
  ['a tab', '\t', 'ucs2', 1],
  ['an escape, which is no character', '\u001b', 'ucs2', 1],
  ['70 Cyrillic letters', 'ж'.repeat(70), 'ucs2', 1],
  ['71 Cyrillic letters', 'ж'.repeat(71), 'ucs2', 2],
  ['35 emoji, two units each', '😀'.repeat(35), 'ucs2', 1],
  ['36 emoji', '😀'.repeat(36), 'ucs2', 2],
];

describe('encodingOf', () => {
  for (const [what, text, coding, parts] of CODINGS) {
    it(`takes ${what} as ${coding} in ${parts}`, () => {
      expect(encodingOf(text)).to.deep.equal({ coding, parts });
    });
  }
});

const PHONE_TEXTS: readonly (readonly [string, string, string])[] = [
  ['leaves words and line breaks', 'é 😀\r\nnext', 'é 😀\r\nnext'],
  ['makes tabs spaces', 'a\tb', 'a b'],
  ['drops NUL, escape, bell, delete and C1', 'a\0\u001b\u0007\u007f\u0085b', 'ab'],
  ['replaces half a surrogate pair', 'x\ud83d', 'x\ufffd'],
];

describe('toPhoneText', () => {
  for (const [what, text, expected] of PHONE_TEXTS) {
    it(what, () => {
      expect(toPhoneText(text)).to.equal(expected);
    });
  }
});
