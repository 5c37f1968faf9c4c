import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import type { PendingConfirmation } from '../ports/confirmation-store.ts';
import type { Command } from './command.ts';
import { commandRefusal, personRefusal } from './gate.ts';

/** Why somebody's yes or no does not count. `isForAll`: the room is told, not only whoever decided. */
export interface DecisionRefusal {
  readonly why: string;
  readonly isForAll: boolean;
}

const NOT_YOURS: DecisionRefusal = { why: 'Refused: you may not decide this.', isForAll: false };
const SECOND_PERSON: DecisionRefusal = {
  why: 'Somebody else must confirm this: it needs two people.',
  isForAll: true,
};
const NOT_TYPED: DecisionRefusal = {
  why: 'The yes of somebody else than who asked is typed, on a verified device, with the code in the question. A reaction does not prove whose it is.',
  isForAll: true,
};

/** Whether whoever decided may not; undefined where they may. A no is for whoever asked, or could have; a yes that needs two people for another who may approve. */
export function decisionRefusal(
  policy: CarePolicy,
  command: Command,
  { requestedBy, needsSecondPerson }: Pick<PendingConfirmation, 'requestedBy' | 'needsSecondPerson'>,
  { by, isYes, isTyped }: { readonly by: UserId; readonly isYes: boolean; readonly isTyped: boolean },
): DecisionRefusal | undefined {
  const mayApprove = personRefusal(policy, by, 'approve') === undefined;
  const mayRun = commandRefusal(policy, by, command) === undefined;
  const isOwn = by === requestedBy;
  if (!isYes) return isOwn || mayRun || mayApprove ? undefined : NOT_YOURS;
  if (needsSecondPerson && isOwn) return SECOND_PERSON;
  if (!(needsSecondPerson ? mayApprove : mayRun)) return NOT_YOURS;
  return isOwn || isTyped ? undefined : NOT_TYPED;
}
