import { PHI_CLASS_EVENT } from '../../model/phi-class.ts';
import { contentOf, isSameJson, write, type Rule } from './rule.ts';

/** The room says its class and an opaque id, and nothing else. */
export const classEvent: Rule = (input) => {
  const { room, snapshot } = input;
  const after = { class: room.phiClass, id: room.opaqueId };
  if (isSameJson(contentOf(snapshot, PHI_CLASS_EVENT), after)) return [];
  const why = `the room did not say that its class is ${room.phiClass}.`;
  return [write(input, { rule: 'class-event', why, type: PHI_CLASS_EVENT, after })];
};
