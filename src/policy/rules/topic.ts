import { jsonHoldsNumber } from '../holds-number.ts';
import { marked } from '../marker.ts';
import { contentOf, write, type Rule } from './rule.ts';

/** The topic starts with the class's marker where that is wanted, and holds no number (E4). */
export const topic: Rule = (input) => {
  const { snapshot, policy, rules } = input;
  const content = contentOf(snapshot, 'm.room.topic');
  const present = content?.['topic'];
  const isClean = content === undefined || !jsonHoldsNumber(content);
  const words = typeof present === 'string' ? present : '';
  const wanted = marked(policy, rules, 'topic', isClean ? words : '');
  if (isClean && words.trim() === wanted && (present === undefined || typeof present === 'string')) return [];
  const why = isClean ? 'the topic did not show the class of the room.' : 'the topic held a number.';
  return [write(input, { rule: 'topic', why, type: 'm.room.topic', after: { topic: wanted } })];
};
