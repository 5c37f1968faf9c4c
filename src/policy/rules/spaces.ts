import type { RoomChange } from '../../model/room-change.ts';
import { contentOf, isBlank, write, type Rule, type RuleInput } from './rule.ts';

const RULE = 'spaces';

/** A room belongs to its unit's space and to no other; a unit's space holds the unit's rooms and no other. */
export const spaces: Rule = (input) => (input.room.kind === 'unit' ? children(input) : parents(input));

function parents(input: RuleInput): RoomChange[] {
  const { policy, room, snapshot } = input;
  const space = room.unit === undefined || room.kind !== 'care-team' ? undefined : policy.unitSpaces.get(room.unit);
  const changes: RoomChange[] = [];
  const via = [policy.namespace.domain];
  if (space !== undefined && !hasVia(contentOf(snapshot, 'm.space.parent', space), via)) {
    const why = 'the room did not say that it belongs to its unit.';
    const after = { via, canonical: true };
    changes.push(write(input, { rule: RULE, why, type: 'm.space.parent', stateKey: space, after }));
  }
  for (const { type, stateKey, content } of snapshot.state.values()) {
    if (type !== 'm.space.parent' || stateKey === space || isBlank(content)) continue;
    changes.push(clear(input, type, stateKey, 'the room was put into a space that is not its unit’s.'));
  }
  return changes;
}

function children(input: RuleInput): RoomChange[] {
  const { policy, room, snapshot } = input;
  const changes: RoomChange[] = [];
  const via = [policy.namespace.domain];
  const wanted = room.unit === undefined ? undefined : policy.unitRooms?.get(room.unit);
  for (const roomId of wanted ?? []) {
    if (hasVia(contentOf(snapshot, 'm.space.child', roomId), via)) continue;
    const why = 'a room of the unit was not in its space.';
    changes.push(write(input, { rule: RULE, why, type: 'm.space.child', stateKey: roomId, after: { via } }));
  }
  for (const { type, stateKey, content } of snapshot.state.values()) {
    if (isBlank(content)) continue;
    if (type === 'm.space.parent')
      changes.push(clear(input, type, stateKey, 'a unit’s space was put into another space.'));
    if (type !== 'm.space.child' || policy.unitRooms === undefined || wanted?.has(stateKey as never)) continue;
    changes.push(clear(input, type, stateKey, 'a room that is not the unit’s was put into its space.'));
  }
  return changes;
}

function clear(input: RuleInput, type: string, stateKey: string, why: string): RoomChange {
  return write(input, { rule: RULE, why, type, stateKey, after: {} });
}

function hasVia(content: Readonly<Record<string, unknown>> | undefined, via: readonly string[]): boolean {
  const present = content?.['via'];
  return Array.isArray(present) && via.every((server) => present.includes(server));
}
