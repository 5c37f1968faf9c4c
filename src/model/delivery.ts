/**
 * Where an outbound text is on its way. `ready` -> `sending` -> one of the others. A report never moves a text backwards.
 *
 * accepted: the carrier took it. sent: it left the carrier's gateway. delivered: it reached the phone (its first segment). failed: the carrier
 * or the network gave it up. refused: a rule or the carrier said no before it left. unknown: we cannot tell whether the
 * carrier took it; it is shown, never repeated. parked: could not be handed over after all attempts.
 */
export type DeliveryState =
  'ready' | 'sending' | 'accepted' | 'sent' | 'delivered' | 'failed' | 'refused' | 'unknown' | 'parked';

const RANK: Record<DeliveryState, number> = {
  ready: 0,
  sending: 1,
  unknown: 2,
  accepted: 3,
  sent: 4,
  refused: 5,
  parked: 5,
  failed: 5,
  delivered: 6,
};

/** True where `next` says more than `current`: reports come late, doubled and out of order. */
export function advances(current: DeliveryState, next: DeliveryState): boolean {
  return RANK[next] > RANK[current];
}

/** Why a carrier did not deliver, reduced to what a person can act on. */
export type FailureReason =
  'bad-number' | 'landline' | 'opted-out' | 'blocked' | 'unreachable' | 'configuration' | 'other';

/** What staff read for each reason. */
export const FAILURE_TEXT: Record<FailureReason, string> = {
  'bad-number': 'the number does not exist. Check it with the patient.',
  landline: 'the number is a landline that cannot get texts. Call instead.',
  'opted-out': 'the patient opted out with the carrier. Only the patient can undo that, by texting START.',
  blocked: 'the carrier filtered it. Call instead, and tell your administrator.',
  unreachable: 'the phone could not be reached. Try again later, or call.',
  configuration: 'the line is not set up correctly with the carrier. Tell your administrator.',
  other: 'the carrier gave no usable reason. Try again, or call.',
};
