import { parseEventId, type EventId } from '../model/ids.ts';
import { END_DEVICE_SIGN, type MatrixEvent } from '../model/rows.ts';

/** What somebody put under an event. `isYes` is undefined where it says neither yes nor no. */
export interface Reaction {
  readonly to: EventId;
  readonly isYes: boolean | undefined;
  /** It is the sign that ends the device of a notice. */
  readonly endsDevice: boolean;
}

/** Clients add variation selectors, and some offer the other signs in place of the two that are asked for. */
const YES = new Set(['✅', '☑', '✔']);
const NO = new Set(['❌', '❎', '✖']);

/** The reaction in an event (Matrix specification, client-server API, "Event annotations and reactions"), or undefined. */
export function reactionIn({ content }: Pick<MatrixEvent, 'content'>): Reaction | undefined {
  const relation = content['m.relates_to'] as
    { rel_type?: unknown; event_id?: unknown; key?: unknown } | null | undefined;
  const to = parseEventId(relation?.event_id);
  if (to === undefined || relation?.rel_type !== 'm.annotation' || typeof relation.key !== 'string') return undefined;
  const key = relation.key.replace(/[\ufe0e\ufe0f]/g, '');
  return { to, isYes: YES.has(key) ? true : NO.has(key) ? false : undefined, endsDevice: key === END_DEVICE_SIGN };
}
