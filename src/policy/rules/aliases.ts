import type { RoomChange } from '../../model/room-change.ts';
import { holdsNumber } from '../holds-number.ts';
import { isObject, report, write, type Content, type Rule, type RuleInput } from './rule.ts';

const RULE = 'aliases';
const WHY = 'the room could be found by an alias.';
const ALIAS = /^#[^\0:]{1,200}:[A-Za-z0-9.\-[\]:]{1,230}$/;

/**
 * A room that holds PHI cannot be found by a name: its only alias is the opaque one that it was made with. In other rooms an alias holds no number.
 */
export const aliases: Rule = (input) => {
  const { policy, snapshot } = input;
  const { domain } = policy.namespace;
  const changes: RoomChange[] = [];
  const foreign = new Set<string>();
  let isNamedElsewhere = false;
  for (const { type, stateKey, content: written } of snapshot.state.values()) {
    const content = isObject(written) ? written : {};
    const isCanonical = type === 'm.room.canonical_alias' && stateKey === '';
    if (!isCanonical && type !== 'm.room.aliases') continue;
    const strange = (isCanonical ? canonical(content) : among(content['aliases'])).filter(
      (alias) => !isOpaque(input, alias),
    );
    if (strange.length === 0) continue;
    for (const alias of strange) if (typeof alias === 'string' && ALIAS.test(alias)) foreign.add(alias);
    if (isCanonical) changes.push(write(input, { rule: RULE, why: WHY, type, after: withoutStrange(input, content) }));
    // Each server lists its own aliases there, in old room versions.
    else if (stateKey !== domain) isNamedElsewhere = true;
    else {
      const after = { aliases: among(content['aliases']).filter((alias) => isOpaque(input, alias)) };
      changes.push(write(input, { rule: RULE, why: WHY, type, stateKey, after }));
    }
  }
  for (const alias of foreign) {
    if (alias.endsWith(`:${domain}`)) changes.push({ rule: RULE, why: WHY, kind: 'remove-alias', alias });
  }
  if (isNamedElsewhere) {
    changes.push(report(RULE, 'another server gives the room an alias, which only that server can remove.'));
  }
  return changes;
};

/** What is left of the canonical alias. */
function withoutStrange(input: RuleInput, { alias, alt_aliases: others }: Content): Content {
  const kept = among(others).filter((other) => isOpaque(input, other));
  return { ...(isOpaque(input, alias) && { alias }), ...(kept.length > 0 && { alt_aliases: kept }) };
}

function canonical({ alias, alt_aliases: others }: Content): readonly unknown[] {
  const isNamed = alias !== undefined && alias !== null && alias !== '';
  return [...(isNamed ? [alias] : []), ...(others !== undefined && !Array.isArray(others) ? [others] : among(others))];
}

/** Nobody but the bridge can make an alias that starts like a ghost: what follows is random, and digits in it are none of a person's. */
function isOpaque({ policy, room }: RuleInput, alias: unknown): alias is string {
  if (typeof alias !== 'string') return false;
  const { domain, ghostPrefix } = policy.namespace;
  if (alias.startsWith(`#${ghostPrefix}`) && alias.endsWith(`:${domain}`)) return true;
  return room.phiClass === 'none' && room.kind !== 'command' && room.kind !== 'security' && !holdsNumber(alias);
}

function among(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
