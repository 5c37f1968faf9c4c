import type { RoomId } from '../../model/ids.ts';
import { hasRestrictedJoin } from '../room-versions.ts';
import { contentOf, isSameJson, write, type Rule, type RuleInput } from './rule.ts';

/** Nobody comes in by themselves, but members of the unit's space where the class allows it (A5). */
export const joinRules: Rule = (input) => {
  const space = spaceOf(input);
  const content = contentOf(input.snapshot, 'm.room.join_rules');
  const rule = content?.['join_rule'];
  const wanted = space === undefined ? 'invite' : 'restricted';
  const after =
    space === undefined
      ? { join_rule: 'invite' }
      : { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] };
  if (rule === wanted && (space === undefined || isSameJson(content?.['allow'], after.allow))) return [];
  const present = typeof rule === 'string' && KNOWN.has(rule) ? rule : 'nothing known';
  const why =
    rule === wanted
      ? 'people outside the unit’s space could join on their own.'
      : `the join rule was ${present} instead of ${wanted}.`;
  return [write(input, { rule: 'join-rules', why, type: 'm.room.join_rules', after })];
};

const KNOWN = new Set(['public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private']);

function spaceOf({ policy, room, rules, snapshot }: RuleInput): RoomId | undefined {
  if (rules.joining !== 'restricted' || room.unit === undefined || !hasRestrictedJoin(snapshot.version))
    return undefined;
  return policy.unitSpaces.get(room.unit);
}
