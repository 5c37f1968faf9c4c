import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import type { Keyword, OutboxKind } from '../../../src/model/rows.ts';
import { consentStep } from '../../../src/policy/consent-step.ts';

const CASES: readonly (readonly [ConsentState, Keyword, ConsentState | undefined, OutboxKind | undefined])[] = [
  ['none', 'stop', 'revoked', 'stop-confirmation'],
  ['warned', 'stop', 'revoked', 'stop-confirmation'],
  ['granted', 'stop', 'revoked', 'stop-confirmation'],
  ['declined', 'stop', 'revoked', 'stop-confirmation'],
  ['revoked', 'stop', undefined, undefined],
  ['revoked', 'start', 'none', 'warning'],
  ['declined', 'start', 'none', 'warning'],
  ['granted', 'start', undefined, undefined],
  ['none', 'start', undefined, undefined],
  ['warned', 'yes', 'granted', undefined],
  ['none', 'yes', undefined, undefined],
  ['revoked', 'yes', undefined, undefined],
  ['declined', 'yes', undefined, undefined],
  ['granted', 'yes', undefined, undefined],
  ['warned', 'no', 'declined', undefined],
  ['granted', 'no', undefined, undefined],
  ['none', 'help', undefined, 'help'],
  ['revoked', 'help', undefined, 'help'],
  ['granted', 'help', undefined, 'help'],
];

describe('consent step (K4, K6, K7, J2)', () => {
  for (const [state, keyword, next, answer] of CASES) {
    it(`${state} + ${keyword} -> ${next ?? 'no change'}, ${answer ?? 'no answer'}`, () => {
      expect(consentStep(state, keyword, { isOutdated: false, ageMs: 0 })).to.deep.equal({ next, answer });
    });
  }

  for (const [state, keyword, next, answer] of [
    ['warned', 'yes', undefined, undefined],
    ['warned', 'no', undefined, undefined],
    ['revoked', 'start', undefined, undefined],
    ['granted', 'stop', 'revoked', 'stop-confirmation'],
    ['revoked', 'help', undefined, 'help'],
  ] as const) {
    it(`${state} + ${keyword} from before it was so -> ${next ?? 'no change'}, ${answer ?? 'no answer'}`, () => {
      expect(consentStep(state, keyword, { isOutdated: true, ageMs: 0 })).to.deep.equal({ next, answer });
    });
  }

  it('STOP is recorded however long it waited, and confirmed within five minutes or not at all (K4)', () => {
    const after = (ageMs: number) => consentStep('granted', 'stop', { isOutdated: false, ageMs });
    expect(after(5 * 60_000)).to.deep.equal({ next: 'revoked', answer: 'stop-confirmation' });
    expect(after(5 * 60_000 + 1)).to.deep.equal({ next: 'revoked', answer: undefined });
  });
});
