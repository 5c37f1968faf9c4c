import type { JsonValue } from '../model/json.ts';
import type { ParkedKind, ParkedRow } from '../model/parked.ts';
import { timeOf } from '../policy/may-break-glass.ts';

const WHAT: Readonly<Record<ParkedKind, string>> = {
  inbox: 'a text of a patient',
  keywords: 'what a patient asked for',
  outbox: 'a text to a patient',
  notices: 'words of the bot for a room',
  'matrix-events': 'what was written in a room',
};

const WHY: Readonly<Record<string, string>> = {
  'no-line': 'no line has the number it was sent to',
  'no-number': 'its sender cannot be answered; a retry puts it into the security room',
  unreadable: 'it cannot be decrypted',
  PermanentError: 'retrying cannot help; the log says what it was',
  RetryableError: 'all attempts failed',
};

/** What was given up, when and why, for the command room: neither words nor numbers. */
export function parkedInWords(row: ParkedRow): string {
  return `${row.reference}  ${timeOf(row.parkedAt)}  ${whatOf(row)}: ${whyOf(row)}`;
}

/** The same for programs. */
export function parkedAsData({ reference, kind, code, parkedAt, lineId, keyword }: ParkedRow): JsonValue {
  return { reference, kind, code, parkedAt, line: lineId ?? null, keyword: keyword ?? null };
}

function whatOf(row: ParkedRow): string {
  const { lineId } = row;
  const what = nounOf(row);
  return lineId === undefined ? what : `${what} on line ${lineId}`;
}

function nounOf({ kind, keyword, code }: ParkedRow): string {
  if (code === 'no-number') return 'a text';
  return kind === 'keywords' && keyword !== undefined ? `a patient’s ${keyword.toUpperCase()}` : WHAT[kind];
}

function whyOf({ code, isWiped }: ParkedRow): string {
  const why = WHY[code] ?? 'the program failed; the log says how';
  return isWiped ? `${why}; its words are wiped` : why;
}
