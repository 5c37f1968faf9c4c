import { holdsNumber } from '../holds-number.ts';
import { contentOf, isBlank, write, type Rule } from './rule.ts';

/** Event ids of room versions 3 and later are hashes; those of 1 and 2 name their server. */
const HASH = /^\$[A-Za-z0-9_+/-]{43}$/;
const NAMED = /^\$[\x21-\x7e]{1,254}$/;

/** Pins are event ids and nothing else: the event is not encrypted (E4). */
export const pinned: Rule = (input) => {
  const content = contentOf(input.snapshot, 'm.room.pinned_events');
  if (isBlank(content) || content === undefined) return [];
  const { pinned: pins, ...rest } = content;
  const kept = Array.isArray(pins) ? pins.filter(isPin) : [];
  const isRight = Array.isArray(pins) && kept.length === pins.length && Object.keys(rest).length === 0;
  if (isRight) return [];
  const why = 'something other than a message was pinned.';
  return [write(input, { rule: 'pinned', why, type: 'm.room.pinned_events', after: { pinned: kept } })];
};

function isPin(pin: unknown): pin is string {
  return typeof pin === 'string' && (HASH.test(pin) || (NAMED.test(pin) && !holdsNumber(pin)));
}
