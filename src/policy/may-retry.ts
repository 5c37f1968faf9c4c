import type { ParkedRow } from '../model/parked.ts';
import type { Violation } from '../model/violation.ts';

/** What the rule looks at. */
export interface RetryQuestion {
  readonly row: Pick<ParkedRow, 'kind' | 'isWiped'>;
  /** False where a patient's text was sent to a number that no line has. */
  readonly hasLine: boolean;
  /** False where the row cannot be decrypted, as far as that matters here. */
  readonly isReadable: boolean;
  /** It was named by its own reference, and not with all others. */
  readonly isNamed: boolean;
}

/** Whether what was given up may be tried again, or undefined where it may. What patients wrote may always be, once there is a room for it. */
export function mayRetry({ row, hasLine, isReadable, isNamed }: RetryQuestion): Violation | undefined {
  if (row.kind === 'matrix-events') return WRITTEN_IN_A_ROOM;
  if (row.isWiped) return WIPED;
  if (!isReadable) return UNREADABLE;
  if (!hasLine) return NO_LINE;
  return row.kind === 'outbox' && !isNamed ? ONE_BY_ONE : undefined;
}

/** Why a text is never sent again of which nobody can tell whether it left. */
export const OUTCOME_UNKNOWN: Violation = {
  code: 'outcome-unknown',
  message:
    'nobody can tell whether this text reached the patient, so it is never sent again by command. Whoever wrote it was told in the patient’s room: ask the patient, or have it written again there.',
};

const WRITTEN_IN_A_ROOM: Violation = {
  code: 'written-in-a-room',
  message:
    'what was written in a room is not handled again: whoever wrote it was told that it was not sent, and may have written it again. Ask them, and drop it.',
};

const WIPED: Violation = {
  code: 'content-wiped',
  message: 'its words are wiped. Whoever wrote it was told that it was not sent, and can write it again.',
};

const UNREADABLE: Violation = {
  code: 'unreadable',
  message:
    'it cannot be decrypted. Is the key that encrypted it still in `secrets.phi_key`? Put it back under the others, and restart.',
};

const NO_LINE: Violation = {
  code: 'no-line',
  message:
    'no line has the number it was sent to. Put the number into `lines` of the configuration, with its carrier, and restart.',
};

const ONE_BY_ONE: Violation = {
  code: 'one-by-one',
  message:
    'a text to a patient is tried again by its own reference: whoever wrote it was told that it was not sent, and may have sent it again.',
};
