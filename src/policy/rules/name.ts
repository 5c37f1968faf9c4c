import { jsonHoldsNumber, holdsNumber } from '../holds-number.ts';
import { marked, withoutMarkers } from '../marker.ts';
import { contentOf, write, type Rule, type RuleInput } from './rule.ts';

/** The name is the one that is kept, or anything without a number in it; with the class's marker where that is wanted (E4). */
export const name: Rule = (input) => {
  const { room, snapshot, policy, rules } = input;
  const content = contentOf(snapshot, 'm.room.name');
  const present = content?.['name'];
  const isClean = typeof present === 'string' && !jsonHoldsNumber(content);
  const words = room.name ?? (isClean ? withoutMarkers(policy, present) : opaqueName(input));
  const wanted = marked(policy, rules, 'name', words);
  if (typeof present === 'string' && present.trim() === wanted && (isClean || holdsNumber(wanted))) return [];
  // A room that people named nothing has nothing to put right, unless the class is to be seen in the name.
  if (present === undefined && room.name === undefined && rules.marker.where !== 'name' && isEmptyOf(content))
    return [];
  const why = isClean ? 'the name was not the one on record.' : 'the name was missing, or held a number.';
  return [write(input, { rule: 'name', why, type: 'm.room.name', after: { name: wanted } })];
};

/** Tells rooms apart and nothing else. */
function opaqueName({ room }: RuleInput): string {
  return `Room ${room.opaqueId.slice(0, 4).toUpperCase()}`;
}

function isEmptyOf(content: object | undefined): boolean {
  return content === undefined || Object.keys(content).length === 0;
}
