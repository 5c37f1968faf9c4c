import type { Keyword } from '../model/rows.ts';

/**
 * Words that act by themselves when they are the whole message. STOP words: 47 CFR 64.1200(a)(10) and the carriers' own lists (K1).
 * START words restore contact only (K6). YES and NO answer an open consent question and nothing else.
 */
const WORDS: Readonly<Record<Keyword, readonly string[]>> = {
  stop: [
    ...['stop', 'quit', 'end', 'revoke', 'opt out', 'cancel', 'unsubscribe'],
    ...['stopall', 'stop all', 'optout', 'opt-out', 'remove', 'arret', 'alto', 'parar'],
  ],
  start: ['start', 'unstop'],
  help: ['help', 'info', 'ayuda'],
  yes: ['yes', 'y', 'si', 'i agree'],
  no: ['no', 'n'],
};

const BY_WORD = new Map(
  Object.entries(WORDS).flatMap(([keyword, words]) => words.map((word) => [word, keyword as Keyword] as const)),
);

/**
 * The keyword that `text` is, or undefined. Case, accents, surrounding quotes and punctuation, and repeated spaces do not matter; other words
 * do: "please stop by at 5" is a message.
 */
export function keywordOf(text: string): Keyword | undefined {
  if (text.length > 40) return undefined;
  const word = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    .replace(/\s+/g, ' ');
  return BY_WORD.get(word);
}
