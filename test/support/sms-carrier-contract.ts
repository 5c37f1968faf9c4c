/** What every SMS carrier adapter must do. A new carrier calls this with a peer that it talks to over real HTTP. */
import { expect } from 'chai';
import type { PhoneNumber } from '../../src/model/phone-number.ts';
import type { CarrierEvent, OutboundSms, SendResult, SmsCarrier, WebhookRequest } from '../../src/ports/sms-carrier.ts';

/** How the peer treats the next send: takes it; refuses it for good; cannot now; takes it and breaks off; takes the request and never answers. */
export type PeerBehaviour = 'accept' | 'refuse' | 'busy' | 'drop' | 'hang';

/** An adapter and the carrier that it talks to. */
export interface CarrierHarness extends AsyncDisposable {
  readonly carrier: SmsCarrier;
  behave(as: PeerBehaviour): void;
  /** The texts that the peer took, as the phone shows them. */
  taken(): readonly { readonly id: string; readonly to: string; readonly from: string; readonly text: string }[];
  /** Resolves when a request of the adapter has arrived at the peer. */
  called(): Promise<void>;
  /** Nothing listens any more. */
  goDown(): Promise<void>;
  /** A webhook request as the peer makes it for a patient's text. */
  message(text: { id: string; from: string; to: string; text: string }): WebhookRequest;
  /** The webhook requests that the peer makes for a text with this outbox id, and what each should become. */
  reports(
    outboxId: string,
  ): readonly { readonly request: WebhookRequest; readonly state: string; readonly failure?: string }[];
  /** The request as somebody makes it who does not know the secret. */
  forge(request: WebhookRequest): WebhookRequest;
  /** Authentic requests in which there is no event. */
  nonsense(): readonly WebhookRequest[];
}

const FROM = '+12125550100' as PhoneNumber;
const TO = '+12125550123' as PhoneNumber;
const SECRET_WORDS = 'Your biopsy result';
const TIMEOUT_MS = 5_000;

const TEXTS: readonly (readonly [string, string, string?])[] = [
  ['a short text', 'Hello'],
  ['160 characters', 'x'.repeat(160)],
  ['161 characters', 'y'.repeat(161)],
  ['accents and the euro sign', 'Café à 5 €, señor {ok}'],
  ['characters that GSM lacks', 'it’s “fine” – naïve ê'],
  ['emoji', 'See you 👍🏽 😀'],
  ['Chinese, Arabic and Hebrew', '你好 مرحبا שלום'],
  ['1000 characters', 'z'.repeat(1_000)],
  ['1000 characters of UCS-2', 'ж'.repeat(1_000)],
  ['line breaks', 'one\ntwo'],
  ['what looks like a header or a parameter', 'a: b\r\nx-kannel-to: +1&text=%0d%0a+%00'],
  ['control characters, which are dropped', 'a\0b\u001b\tc', 'ab c'],
  ['half a surrogate pair, which is replaced', 'x\ud83d', 'x\ufffd'],
];

/** The contract. `makeHarness` starts a peer and an adapter for it; each test has its own. */
export function smsCarrierContract(name: string, makeHarness: () => Promise<CarrierHarness>): void {
  describe(`SmsCarrier: ${name}`, () => {
    let harness: CarrierHarness;

    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness[Symbol.asyncDispose]();
    });

    const send = (text: string, signal = AbortSignal.timeout(TIMEOUT_MS)) => harness.carrier.send(sms(text), signal);

    describe('send', () => {
      for (const [what, text, shown = text] of TEXTS) {
        it(`hands over ${what}`, async () => {
          expect(await send(text)).to.have.property('outcome', 'accepted');
          expect(harness.taken()).to.deep.equal([{ id: 'out-1', from: FROM, to: TO, text: shown }]);
        });
      }

      for (const [what, text] of [
        ['an empty text', ''],
        ['a text of nothing visible', '\0\u001b'],
      ] as const) {
        it(`refuses ${what} without a call`, async () => {
          expect(await send(text)).to.deep.include({ outcome: 'refused', reason: 'other' });
          expect(harness.taken()).to.deep.equal([]);
        });
      }

      for (const [behaviour, outcome, taken] of [
        ['refuse', 'refused', 0],
        ['busy', 'not-sent', 0],
        ['drop', 'unknown', 1],
      ] as const) {
        it(`says ${outcome} where the peer does this: ${behaviour}`, async () => {
          harness.behave(behaviour);
          const result = await send(SECRET_WORDS);
          expect(result).to.have.property('outcome', outcome);
          expect(harness.taken()).to.have.length(taken);
          expectNoPhi(result);
        });
      }

      it('says not-sent where nobody listens', async () => {
        await harness.goDown();
        const result = await send(SECRET_WORDS);
        expect(result).to.have.property('outcome', 'not-sent');
        expectNoPhi(result);
      });

      it('says unknown when told to stop after the request arrived', async () => {
        harness.behave('hang');
        const stopping = new AbortController();
        const sending = send(SECRET_WORDS, stopping.signal);
        await harness.called();
        stopping.abort();
        expect(await sending).to.have.property('outcome', 'unknown');
      });

      it('says not-sent when told to stop before it began', async () => {
        expect(await send(SECRET_WORDS, AbortSignal.abort())).to.have.property('outcome', 'not-sent');
        expect(harness.taken()).to.deep.equal([]);
      });

      it('hands over 20 texts at once, each as its own', async () => {
        const ids = Array.from({ length: 20 }, (_, index) => `out-${index}`);
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const results = await Promise.all(ids.map((id) => harness.carrier.send({ ...sms(`text ${id}`), id }, signal)));
        expect(results.filter(({ outcome }) => outcome === 'accepted')).to.have.length(20);
        expect(new Set(harness.taken().map(({ id, text }) => `${id}: ${text}`))).to.deep.equal(
          new Set(ids.map((id) => `${id}: text ${id}`)),
        );
      });
    });

    describe('readWebhook', () => {
      const read = (request: WebhookRequest) => harness.carrier.readWebhook(request);
      const text = { id: 'carrier-1', from: TO, to: FROM, text: 'It’s 5 € 😀\nok' };

      it('reads a patient’s text', () => {
        expect(eventOf(read(harness.message(text)))).to.deep.equal({
          kind: 'message',
          carrierMessageId: 'carrier-1',
          from: TO,
          to: FROM,
          text: text.text,
          media: [],
        });
      });

      for (const [what, words] of [
        ['an empty text', ''],
        ['a long text', 'ж'.repeat(10_000)],
        ['control characters', 'a\u0001b'],
      ] as const) {
        it(`reads ${what}`, () => {
          expect(eventOf(read(harness.message({ ...text, text: words })))).to.have.property('text', words);
        });
      }

      it('gives a repeated text the same id', () => {
        const ids = [1, 2]
          .map(() => eventOf(read(harness.message(text))))
          .map((event) => 'carrierMessageId' in event && event.carrierMessageId);
        expect(ids).to.deep.equal(['carrier-1', 'carrier-1']);
      });

      it('reads every report', () => {
        for (const { request, ...expected } of harness.reports('out-1')) {
          expect(eventOf(read(request))).to.deep.equal({
            kind: 'report',
            reference: { outboxId: 'out-1' },
            ...expected,
          });
        }
      });

      it('refuses whoever does not know the secret', () => {
        const reports = harness.reports('out-1').map(({ request }) => request);
        for (const request of [harness.message(text), ...reports, ...harness.nonsense()]) {
          expect(read(harness.forge(request))).to.have.property('refused', 401);
        }
      });

      it('finds no event in what is none, and says so without quoting it', () => {
        for (const request of harness.nonsense()) {
          const outcome = read(request);
          expect(outcome, request.path).not.to.have.property('event');
          expectNoPhi(outcome);
        }
      });
    });

    describe('check', () => {
      it('finds a running peer well, and sends nothing', async () => {
        const checks = await harness.carrier.check(AbortSignal.timeout(TIMEOUT_MS));
        expect(checks.filter(({ ok }) => !ok)).to.deep.equal([]);
        expect(harness.taken()).to.deep.equal([]);
      });

      it('says what to do where nobody listens', async () => {
        await harness.goDown();
        const checks = await harness.carrier.check(AbortSignal.timeout(TIMEOUT_MS));
        const bad = checks.filter(({ ok }) => !ok);
        expect(bad).not.to.deep.equal([]);
        for (const check of bad) expect(check.fix).to.be.a('string');
      });
    });
  });
}

function sms(text: string): OutboundSms {
  return { id: 'out-1', from: FROM, to: TO, text };
}

function eventOf(outcome: ReturnType<SmsCarrier['readWebhook']>): CarrierEvent {
  if (!('event' in outcome)) throw new Error(`no event: ${JSON.stringify(outcome)}`);
  return outcome.event;
}

function expectNoPhi(value: SendResult | ReturnType<SmsCarrier['readWebhook']>): void {
  const text = JSON.stringify(value);
  for (const phi of [FROM, TO, TO.slice(1), SECRET_WORDS]) expect(text).not.to.include(phi);
}
