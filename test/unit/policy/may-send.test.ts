import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import type { OutboxKind } from '../../../src/model/rows.ts';
import { encodingOf } from '../../../src/model/sms-encoding.ts';
import type { ViolationCode } from '../../../src/model/violation.ts';
import type { IdentityStanding } from '../../../src/policy/identity-standing.ts';
import { CONFIRMATION_WINDOW_MS, maySend, type SendQuestion } from '../../../src/policy/may-send.ts';

const CASES: readonly (readonly [OutboxKind, ConsentState, ViolationCode | undefined])[] = [
  ['message', 'none', 'no-consent'],
  ['message', 'warned', 'awaiting-consent'],
  ['message', 'declined', 'consent-declined'],
  ['message', 'revoked', 'opted-out'],
  ['message', 'granted', undefined],
  ['warning', 'none', undefined],
  ['warning', 'warned', 'already-asked'],
  ['warning', 'granted', 'already-asked'],
  ['warning', 'declined', 'consent-declined'],
  ['warning', 'revoked', 'opted-out'],
  ['help', 'revoked', undefined],
  ['help', 'none', undefined],
  ['stop-confirmation', 'revoked', undefined],
  ['identity-question', 'none', 'no-consent'],
  ['identity-question', 'warned', 'awaiting-consent'],
  ['identity-question', 'declined', 'consent-declined'],
  ['identity-question', 'revoked', 'opted-out'],
  ['identity-question', 'granted', undefined],
];

const ASKED: SendQuestion = {
  kind: 'message',
  consent: 'granted',
  identity: 'not-needed',
  encoding: encodingOf('0123456789'),
  createdAt: 1_000,
  now: 1_000,
  isTextingClass: true,
};

describe('may send (J1, K4, K7)', () => {
  for (const [kind, consent, code] of CASES) {
    it(`${kind} while consent is ${consent}: ${code ?? 'allowed'}`, () => {
      const violations = maySend({ ...ASKED, kind, consent });
      expect(violations.map((violation) => violation.code)).to.deep.equal(code ? [code] : []);
    });
  }

  const IDENTITIES: readonly (readonly [IdentityStanding, ViolationCode | undefined])[] = [
    ['not-needed', undefined],
    ['verified', undefined],
    ['unknown', 'no-birth-date'],
    ['unasked', 'awaiting-identity'],
    ['asked', 'awaiting-identity'],
    ['locked', 'identity-locked'],
  ];
  for (const [identity, code] of IDENTITIES) {
    it(`a message to a number whose owner is ${identity}: ${code ?? 'allowed'} (G3)`, () => {
      const violations = maySend({ ...ASKED, identity });
      expect(violations.map((violation) => violation.code)).to.deep.equal(code ? [code] : []);
      const automatic: readonly OutboxKind[] = ['help', 'stop-confirmation', 'identity-question'];
      for (const kind of automatic) expect(maySend({ ...ASKED, kind, identity })).to.deep.equal([]);
    });
  }

  it('names the missing consent before the identity', () => {
    const codes = maySend({ ...ASKED, consent: 'revoked', identity: 'locked' }).map(({ code }) => code);
    expect(codes).to.deep.equal(['opted-out', 'identity-locked']);
  });

  it('sends nothing from a room whose class sends no texts, but answers to STOP and HELP', () => {
    const ask = (kind: OutboxKind, consent: ConsentState) =>
      maySend({ ...ASKED, kind, consent, isTextingClass: false }).map(({ code }) => code);
    expect(ask('message', 'granted')).to.deep.equal(['class-sends-no-texts']);
    expect(ask('warning', 'none')).to.deep.equal(['class-sends-no-texts']);
    expect(ask('message', 'none')[0]).to.equal('class-sends-no-texts');
    expect(ask('help', 'none')).to.deep.equal([]);
    expect(ask('stop-confirmation', 'revoked')).to.deep.equal([]);
  });

  it('refuses a text that no gateway takes as one message', () => {
    const ask = (text: string) => maySend({ ...ASKED, encoding: encodingOf(text) }).map(({ message }) => message);
    expect(ask('x'.repeat(1_530))).to.deep.equal([]);
    expect(ask('x'.repeat(1_531))).to.deep.equal(['it would be 11 SMS and a text can be 10. Send it in parts.']);
    expect(ask(`🙂${'x'.repeat(668)}`)).to.deep.equal([]);
    expect(ask(`🙂${'x'.repeat(669)}`)[0]).to.match(
      /^it would be 11 SMS and a text can be 10\. Emoji and some accents/,
    );
  });

  it('confirms an opt-out within five minutes or not at all (K4)', () => {
    const ask = (now: number) =>
      maySend({ ...ASKED, kind: 'stop-confirmation', consent: 'revoked', createdAt: 0, now });
    expect(ask(CONFIRMATION_WINDOW_MS)).to.deep.equal([]);
    expect(ask(CONFIRMATION_WINDOW_MS + 1)[0]?.code).to.equal('confirmation-too-late');
  });
});
