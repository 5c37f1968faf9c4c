import { PHI_CLASS_EVENT } from '../../model/phi-class.ts';
import type { RoomChange } from '../../model/room-change.ts';
import { contentOf, isBlank, isSameJson, write, type Rule } from './rule.ts';

/** The room says its class and an opaque id, and nothing else, once. */
export const classEvent: Rule = (input) => {
  const { room, snapshot } = input;
  const after = { class: room.phiClass, id: room.opaqueId };
  const changes: RoomChange[] = [];
  if (!isSameJson(contentOf(snapshot, PHI_CLASS_EVENT), after)) {
    const why = `the room did not say that its class is ${room.phiClass}.`;
    changes.push(write(input, { rule: 'class-event', why, type: PHI_CLASS_EVENT, after }));
  }
  for (const { type, stateKey, content } of snapshot.state.values()) {
    if (type !== PHI_CLASS_EVENT || stateKey === '' || isBlank(content)) continue;
    changes.push(write(input, { rule: 'class-event', why: 'there was a second class.', type, stateKey, after: {} }));
  }
  return changes;
};
