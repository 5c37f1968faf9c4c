/**
 * Distinguished names (RFC 4514) as keys: the same entry is written in many ways (case, spaces, escapes, order within a multi-valued RDN), and
 * `member` values need not be written as the entry's own DN is.
 */

/** `dn` in the one form that equal names share, or undefined where it is no DN. Not for showing: case is folded. */
export function normalDn(dn: string): string | undefined {
  const rdns: string[] = [];
  const reader = { text: dn, at: 0 };
  if (dn.trim() === '') return '';
  do {
    const pairs: string[] = [];
    do {
      const pair = readPair(reader);
      if (pair === undefined) return undefined;
      pairs.push(pair);
    } while (skip(reader, '+'));
    rdns.push(pairs.sort().join('+'));
  } while (skip(reader, ',') || skip(reader, ';'));
  return reader.at === dn.length ? rdns.join(',') : undefined;
}

/** A `uniqueMember` value without its optional UID, `#'0101'B` (RFC 4517, 3.3.21). */
export function withoutUid(nameAndUid: string): string {
  return nameAndUid.replace(/#'[01]*'B$/, '');
}

/** A value as it must be written inside a DN (RFC 4514, 2.4). */
export function escapeDnValue(value: string): string {
  return value
    .replaceAll('\u0000', '\\00')
    .replace(/[\\"+,;<>=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

interface Reader {
  readonly text: string;
  at: number;
}

const TYPE = /\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\s*=\s*/y;
const HEX_STRING = /#((?:[0-9a-f]{2})+)\s*/iy;
const ESCAPED_BYTES = /(?:\\[0-9a-f]{2})+/iy;
/** What ends a value that is not escaped. */
const END = new Set([',', '+', ';']);

function readPair(reader: Reader): string | undefined {
  const type = match(reader, TYPE)?.[1];
  if (type === undefined) return undefined;
  const hex = match(reader, HEX_STRING)?.[1];
  const value = hex === undefined ? readValue(reader) : `#${hex.toLowerCase()}`;
  return value === undefined ? undefined : `${type.toLowerCase()}=${value}`;
}

function readValue(reader: Reader): string | undefined {
  const { text } = reader;
  let value = '';
  /** Up to where spaces count, because they were escaped. */
  let kept = 0;
  while (reader.at < text.length && !END.has(text[reader.at] ?? '')) {
    const char = text[reader.at] ?? '';
    if (char === '"') return undefined;
    if (char !== '\\') {
      value += char;
      reader.at += 1;
      continue;
    }
    const bytes = match(reader, ESCAPED_BYTES)?.[0];
    if (bytes !== undefined) {
      value += Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8');
    } else {
      const next = text[reader.at + 1];
      if (next === undefined) return undefined;
      value += next;
      reader.at += 2;
    }
    kept = value.length;
  }
  const trimmed = value.slice(0, kept) + value.slice(kept).trimEnd();
  // Matching ignores case and treats runs of spaces as one (RFC 4518); escaping again keeps `,` in a value apart from one between RDNs.
  return escapeDnValue(trimmed.normalize('NFKC').toLowerCase().replace(/\s+/g, ' '));
}

function match(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text);
  if (found === null) return undefined;
  reader.at += found[0].length;
  return found;
}

function skip(reader: Reader, char: string): boolean {
  if (reader.text[reader.at] !== char) return false;
  reader.at += 1;
  return true;
}
