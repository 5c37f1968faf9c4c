import type { RoomChange } from '../../model/room-change.ts';
import { holdsNumber } from '../holds-number.ts';
import { contentOf, report, write, type Rule, type RuleInput } from './rule.ts';

const RULE = 'aliases';
const ALIAS = /^#[^\0:]{1,200}:[A-Za-z0-9.\-[\]:]{1,230}$/;

/**
 * A room that holds PHI cannot be found by a name: its only alias is the opaque one that it was made with. In other rooms an alias holds no number.
 */
export const aliases: Rule = (input) => {
  const { policy, snapshot } = input;
  const changes: RoomChange[] = [];
  const foreign = new Set<string>();
  let isStrange = false;
  for (const { type, stateKey, content } of snapshot.state.values()) {
    const isCanonical = type === 'm.room.canonical_alias' && stateKey === '';
    if (!isCanonical && type !== 'm.room.aliases') continue;
    const named = isCanonical ? canonical(content) : listed(content?.['aliases']);
    for (const alias of named) {
      if (typeof alias === 'string' && isAllowed(input, alias)) continue;
      if (typeof alias === 'string' && ALIAS.test(alias)) foreign.add(alias);
      if (isCanonical) isStrange = true;
    }
  }
  if (isStrange) {
    const content = contentOf(snapshot, 'm.room.canonical_alias') ?? {};
    const alias = content['alias'];
    const others = listed(content['alt_aliases']).filter(
      (other) => typeof other === 'string' && isAllowed(input, other),
    );
    const after = {
      ...(typeof alias === 'string' && isAllowed(input, alias) && { alias }),
      ...(others.length > 0 && { alt_aliases: others }),
    };
    const why = 'the room could be found by a name.';
    changes.push(write(input, { rule: RULE, why, type: 'm.room.canonical_alias', after }));
  }
  for (const alias of foreign) {
    const isOnOurServer = alias.endsWith(`:${policy.namespace.domain}`);
    if (isOnOurServer)
      changes.push({ rule: RULE, why: 'the room could be found by a name.', kind: 'remove-alias', alias });
    else changes.push(report(RULE, 'another server gives the room a name, and only its people can take it back.'));
  }
  return changes;
};

function canonical(content: Readonly<Record<string, unknown>> | undefined): readonly unknown[] {
  const alias = content?.['alias'];
  const alternatives = content?.['alt_aliases'];
  return [
    ...(alias === undefined || alias === null || alias === '' ? [] : [alias]),
    ...(alternatives !== undefined && !Array.isArray(alternatives) ? [alternatives] : listed(alternatives)),
  ];
}

function isAllowed({ policy, room }: RuleInput, alias: string): boolean {
  const { domain, ghostPrefix } = policy.namespace;
  // What it was made with: random letters may hold what looks like a number.
  if (alias === `#${ghostPrefix}${room.opaqueId}:${domain}`) return true;
  if (alias.startsWith(`#${ghostPrefix}`) && alias.endsWith(`:${domain}`) && !holdsNumber(alias)) return true;
  return room.phiClass === 'none' && room.kind !== 'command' && room.kind !== 'security' && !holdsNumber(alias);
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
