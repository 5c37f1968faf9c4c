import type { ConsentState } from '../model/consent.ts';
import type { OutboxKind, Keyword } from '../model/rows.ts';

/** What a keyword does: the state it leads to (undefined: none), and the text that answers it (undefined: none). */
export interface ConsentStep {
  readonly next: ConsentState | undefined;
  readonly answer: Exclude<OutboxKind, 'message'> | undefined;
}

const NOTHING: ConsentStep = { next: undefined, answer: undefined };

/**
 * What `keyword` means in `state`. STOP always acts, with one confirmation for each opt-out (K4); START restores contact only, so the
 * question is asked again (K6); a bare YES or NO counts only as the answer to an open question; HELP is always answered (K7). `isOutdated`: something
 * was recorded after the text came, as can be where it waited: then START, YES and NO are no answer to it.
 */
export function consentStep(state: ConsentState, keyword: Keyword, isOutdated: boolean): ConsentStep {
  if (isOutdated && keyword !== 'stop' && keyword !== 'help') return NOTHING;
  switch (keyword) {
    case 'stop':
      return state === 'revoked' ? NOTHING : { next: 'revoked', answer: 'stop-confirmation' };
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
