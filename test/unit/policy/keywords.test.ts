import { expect } from 'chai';
import type { Keyword } from '../../../src/model/rows.ts';
import { keywordOf } from '../../../src/policy/keywords.ts';

/** Every word, as 47 CFR 64.1200(a)(10), the carriers and docs/commands.md name it. */
const WORDS: Readonly<Record<Keyword, readonly string[]>> = {
  stop: [
    ...['stop', 'quit', 'end', 'revoke', 'opt out', 'cancel', 'unsubscribe'],
    ...['stopall', 'stop all', 'optout', 'opt-out', 'remove', 'arret', 'arrêt', 'alto', 'parar'],
  ],
  start: ['start', 'unstop'],
  help: ['help', 'info', 'ayuda'],
  yes: ['yes', 'y', 'si', 'sí', 'i agree'],
  no: ['no', 'n'],
};

/** How a thumb, a phone's keyboard or a gateway may write a word. */
const FORMS: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => word.toUpperCase(),
  (word) => word.charAt(0).toUpperCase() + word.slice(1),
  (word) => `${word}.`,
  (word) => `${word}!!!`,
  (word) => `${word}?`,
  (word) => ` ${word}  `,
  (word) => `\t${word}\r\n`,
  (word) => `\n\n${word}\n`,
  (word) => `"${word}"`,
  (word) => `“${word}”`,
  (word) => `‘${word}’.`,
  (word) => `«${word}»`,
  (word) => `(${word})`,
  (word) => `*${word}*`,
  (word) => `- ${word} -`,
  (word) => `${word} 🛑`,
  (word) => `🙏🏽${word}`,
  (word) => `\u200b${word}\ufeff`,
  (word) => `\u202d${word}\u202c`,
  (word) => `${word}\u0000`,
  (word) => `\u00a0${word}\u2003`,
  (word) => word.replaceAll(' ', '  '),
  (word) => word.replaceAll(' ', '\n'),
  (word) => word.replaceAll(/[ -]/g, '\u2011'),
  (word) => word.replaceAll(/[ -]/g, '–'),
  (word) => word.normalize('NFD'),
  // Full-width letters, which Asian keyboards write.
  (word) => word.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  (word) => `${' '.repeat(500)}${word}${' '.repeat(500)}`,
];

const MESSAGES: readonly string[] = [
  ...['please stop by at five', 'yes I will come', 'I need help with my pills', 'cancel my appointment', 'the end'],
  ...['stop?no', 'yes or no', 'no pain today', 'nonstop', 'ended', 'starting', 'helpful', 'y1', 'no1', 's t o p'],
  ...['', ' ', '...', '👍', '🛑', '1', '\u200b', 'не', `stop ${'!'.repeat(100)}`, `${'e\u0301'.repeat(60)}`],
];

describe('keywords (K1, K6, K7)', () => {
  for (const [keyword, words] of Object.entries(WORDS)) {
    for (const word of words) {
      it(`takes ${word} in ${FORMS.length} forms as ${keyword}`, () => {
        const others = FORMS.map((form) => form(word)).filter((text) => keywordOf(text) !== keyword);
        expect(others).to.deep.equal([]);
      });
    }
  }
  for (const text of MESSAGES) {
    it(`takes ${JSON.stringify(text.slice(0, 40))} as a message`, () => {
      expect(keywordOf(text)).to.equal(undefined);
    });
  }

  it('ends before the time-out with what is made to be slow', () => {
    for (const text of ['\u0301'.repeat(200_000), ' '.repeat(200_000) + 'x', '-'.repeat(200_000), '. '.repeat(100_000)])
      keywordOf(text);
  });
});
