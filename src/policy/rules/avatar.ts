import { jsonHoldsNumber } from '../holds-number.ts';
import { contentOf, isBlank, write, type Rule } from './rule.ts';

/** A media id is random letters and digits; everything before it is the server's name. */
const MEDIA = /^mxc:\/\/[A-Za-z0-9.:[\]-]{1,255}\/[A-Za-z0-9_-]{1,255}$/;

/**
 * Pictures of rooms are not encrypted. A patient's room has none, since it could be the patient's; elsewhere it is a picture of this kind of
 * server and nothing else (E4).
 */
export const avatar: Rule = (input) => {
  const content = contentOf(input.snapshot, 'm.room.avatar');
  if (isBlank(content) || content === undefined) return [];
  const { url, ...rest } = content;
  if (url === undefined && !jsonHoldsNumber(rest)) return [];
  const isPatients = input.room.kind === 'conversation';
  if (!isPatients && typeof url === 'string' && MEDIA.test(url) && !jsonHoldsNumber(textOf(rest))) return [];
  const why = isPatients
    ? 'a patient’s room had a picture.'
    : 'the picture’s address held a number, or was not on this homeserver.';
  return [write(input, { rule: 'avatar', why, type: 'm.room.avatar', after: {} })];
};

/** Sizes are numbers by nature. */
function textOf({ info, ...rest }: Readonly<Record<string, unknown>>): unknown {
  if (typeof info !== 'object' || info === null) return rest;
  const texts = Object.entries(info).filter(([, value]) => typeof value !== 'number');
  return { ...rest, info: Object.fromEntries(texts.filter(([key]) => key !== 'thumbnail_url')) };
}
