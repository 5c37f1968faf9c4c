import type { ConsentState } from '../model/consent.ts';
import type { OutboxKind, Keyword } from '../model/rows.ts';
import { CONFIRMATION_WINDOW_MS } from './may-send.ts';

/** What a keyword does: the state it leads to (undefined: none), and the text that answers it (undefined: none). */
export interface ConsentStep {
  readonly next: ConsentState | undefined;
  readonly answer: Exclude<OutboxKind, 'message'> | undefined;
}

/** How long a text waited before it is acted on. */
export interface TextAge {
  /** Something was recorded after it came. */
  readonly isOutdated: boolean;
  /** Since it came. */
  readonly ageMs: number;
}

const NOTHING: ConsentStep = { next: undefined, answer: undefined };

/**
 * What `keyword` means in `state`. STOP always acts, with one confirmation for each opt-out (K4); START restores contact only, so the
 * question is asked again (K6); a bare YES or NO counts only as the answer to an open question; HELP is always answered (K7). Of a text that waited,
 * STOP is not confirmed when that would be too late, and START, YES and NO are no answer to what came after them.
 */
export function consentStep(state: ConsentState, keyword: Keyword, { isOutdated, ageMs }: TextAge): ConsentStep {
  if (isOutdated && keyword !== 'stop' && keyword !== 'help') return NOTHING;
  switch (keyword) {
    case 'stop':
      if (state === 'revoked') return NOTHING;
      return { next: 'revoked', answer: ageMs <= CONFIRMATION_WINDOW_MS ? 'stop-confirmation' : undefined };
    case 'start':
      return state === 'revoked' || state === 'declined' ? { next: 'none', answer: 'warning' } : NOTHING;
    case 'help':
      return { next: undefined, answer: 'help' };
    case 'yes':
      return state === 'warned' ? { next: 'granted', answer: undefined } : NOTHING;
    case 'no':
      return state === 'warned' ? { next: 'declined', answer: undefined } : NOTHING;
  }
}
