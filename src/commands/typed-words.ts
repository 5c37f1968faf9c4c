/**
 * A mention of a user or a room is a link in the formatted body, while the plain body has only the name shown. Returns the plain body with the ids
 * in place of the names, but only where the two say the same otherwise: what is run is what people see.
 */
export function typedWords(body: string, formattedBody: unknown): string {
  const plain = body.replace(MARKDOWN_LINK, (_all, _name: string, target: string) => idIn(target) ?? _all);
  if (typeof formattedBody !== 'string' || formattedBody.length > MAX_LENGTH) return plain;
  const shown = textOf(formattedBody.replace(MENTION, (_all, _target, name: string) => name));
  if (!isSame(shown, body)) return plain;
  return textOf(formattedBody.replace(MENTION, (all: string, target: string) => idIn(target) ?? all));
}

const MAX_LENGTH = 20_000;
/** `[Dr. Lee](https://matrix.to/#/@lee:hospital.test)`, as some clients write it. */
const MARKDOWN_LINK = /\[([^\]\n]{0,255})\]\((https:\/\/matrix\.to\/#\/[^)\s]{1,600})\)/g;
const MENTION = /<a\s+href=["'](https:\/\/matrix\.to\/#\/[^"'\s]{1,600})["'][^<>]{0,600}>([^<>]{0,255})<\/a>/gi;
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  apos: "'",
  nbsp: ' ',
  amp: '&',
};

/** The user or room id of a link, without the servers that lead there. */
function idIn(link: string): string | undefined {
  const target = /#\/([^?/]+)/.exec(link.replaceAll('&amp;', '&'))?.[1] ?? '';
  try {
    const id = decodeURIComponent(target);
    return /^[@!#]\S+$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function textOf(html: string): string {
  return html
    .replace(/<br\s*\/?>|<\/p>\s*<p>/gi, '\n')
    .replace(/<[^<>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|apos|nbsp|amp);/g, (_all, name: string) => ENTITIES[name] ?? '');
}

/** Clients differ in white space. */
function isSame(one: string, other: string): boolean {
  const squeezed = (text: string) => text.replace(/\s+/gu, ' ').trim();
  return squeezed(one) === squeezed(other);
}
