import { contentOf, write, type Rule } from './rule.ts';

/** From the strictest to the most open (Matrix specification, m.room.history_visibility). */
const FROM_STRICTEST: readonly unknown[] = ['joined', 'invited', 'shared', 'world_readable'];

/** Nobody reads what was written before the class lets them. Stricter than asked is left alone. */
export const historyVisibility: Rule = (input) => {
  const wanted = input.rules.historyVisibility;
  const present = contentOf(input.snapshot, 'm.room.history_visibility')?.['history_visibility'];
  const openness = FROM_STRICTEST.indexOf(present);
  if (openness !== -1 && openness <= FROM_STRICTEST.indexOf(wanted)) return [];
  const why = `the history was visible as ${openness === -1 ? 'nothing known' : String(present)} instead of ${wanted}.`;
  const after = { history_visibility: wanted };
  return [write(input, { rule: 'history-visibility', why, type: 'm.room.history_visibility', after })];
};
