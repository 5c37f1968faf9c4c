import { expect } from 'chai';
import { PARKED_KINDS, type ParkedKind } from '../../../src/model/parked.ts';
import type { ViolationCode } from '../../../src/model/violation.ts';
import { mayDrop } from '../../../src/policy/may-drop.ts';
import { mayRetry, type RetryQuestion } from '../../../src/policy/may-retry.ts';

const question = (kind: ParkedKind, more: Partial<RetryQuestion> & { isWiped?: boolean } = {}): RetryQuestion => {
  const { isWiped = false, ...rest } = more;
  return { row: { kind, isWiped }, hasLine: true, isReadable: true, isNamed: true, ...rest };
};

const CASES: readonly (readonly [string, RetryQuestion, ViolationCode | undefined])[] = [
  ['a patient’s text', question('inbox'), undefined],
  ['a patient’s text, with all others', question('inbox', { isNamed: false }), undefined],
  ['a patient’s text without a line', question('inbox', { hasLine: false }), 'no-line'],
  ['a patient’s text whose key is missing', question('inbox', { hasLine: false, isReadable: false }), 'unreadable'],
  ['a patient’s STOP', question('keywords', { isNamed: false }), undefined],
  ['the bot’s words', question('notices', { isNamed: false }), undefined],
  ['a text to a patient', question('outbox'), undefined],
  ['a text to a patient, with all others', question('outbox', { isNamed: false }), 'one-by-one'],
  ['a text to a patient whose words are wiped', question('outbox', { isWiped: true }), 'content-wiped'],
  ['what was written in a room', question('matrix-events'), 'written-in-a-room'],
];

describe('what was given up and is to be tried again', () => {
  for (const [what, asked, code] of CASES) {
    it(`${what}: ${code ?? 'may be'}`, () => expect(mayRetry(asked)?.code).to.equal(code));
  }
});

describe('what was given up and is to be dropped', () => {
  for (const kind of PARKED_KINDS) {
    it(`${kind}: may be`, () => expect(mayDrop({ kind, keyword: undefined })).to.equal(undefined));
  }

  it('a STOP that was not acted on may not be (K1)', () => {
    expect(mayDrop({ kind: 'keywords', keyword: 'stop' })?.code).to.equal('opt-out-open');
    expect(mayDrop({ kind: 'inbox', keyword: 'stop' }), 'its text, when it was').to.equal(undefined);
    expect(mayDrop({ kind: 'keywords', keyword: 'help' })).to.equal(undefined);
  });
});
