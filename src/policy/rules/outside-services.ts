import { isBlank, write, type Rule } from './rule.ts';

/** State that lets something outside see what is said, or shows it to who should not: widgets, bridges, servers that judge messages. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['im.vector.modular.widgets', 'a widget'],
  ['m.widget', 'a widget'],
  ['m.bridge', 'a bridge'],
  ['uk.half-shot.bridge', 'a bridge'],
  ['m.room.policy', 'a policy server'],
  ['org.matrix.msc4284.policy', 'a policy server'],
]);

/** Rooms with PHI have none of them. */
export const outsideServices: Rule = (input) => {
  const { room, snapshot, policy } = input;
  if (room.phiClass === 'none' && room.kind !== 'command' && room.kind !== 'security') return [];
  return [...snapshot.state.values()].flatMap(({ type, stateKey, content, sender }) => {
    const what = TYPES.get(type);
    if (what === undefined || isBlank(content) || sender === policy.namespace.bot) return [];
    const why = `${what} was added to a room in which nothing may leave.`;
    return [write(input, { rule: 'outside-services', why, type, stateKey, after: {} })];
  });
};
