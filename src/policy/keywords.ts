import type { Keyword } from '../model/rows.ts';

/**
 * Words that act by themselves when they are the whole message. STOP words: 47 CFR 64.1200(a)(10) and the carriers' own lists (K1).
 * START words restore contact only (K6). YES and NO answer an open consent question and nothing else.
 */
const WORDS: Readonly<Record<Keyword, readonly string[]>> = {
  stop: [
    ...['stop', 'quit', 'end', 'revoke', 'opt out', 'cancel', 'unsubscribe'],
    ...['stopall', 'stop all', 'optout', 'remove', 'arret', 'alto', 'parar'],
  ],
  start: ['start', 'unstop'],
  help: ['help', 'info', 'ayuda'],
  yes: ['yes', 'y', 'si', 'i agree'],
  no: ['no', 'n'],
};

const BY_WORD = new Map(
  Object.entries(WORDS).flatMap(([keyword, words]) => words.map((word) => [word, keyword as Keyword] as const)),
);

/** Longer than any keyword with what may stand around it, so that nothing else is looked at for long. */
const MAX_LENGTH = 60;

/**
 * The keyword that `text` is, or undefined. Case, accents, surrounding quotes, punctuation and emoji, repeated spaces, and hyphens for spaces do not
 * matter; other words do: "please stop by at 5" is a message.
 */
export function keywordOf(text: string): Keyword | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) return undefined;
  const word = trimmed
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    .replace(/[\s\p{Pd}]+/gu, ' ');
  return BY_WORD.get(word);
}
