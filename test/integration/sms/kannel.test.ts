import { expect } from 'chai';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { SmsCarrier } from '../../../src/ports/sms-carrier.ts';
import { createSmsCarrier } from '../../../src/sms/index.ts';
import { kannelIsMissing, startKannel, type Kannel } from '../../support/kannel.ts';
import { skip } from '../../support/skip.ts';
import { phoneShows, SmppSmsc } from '../../support/smpp-smsc.ts';
import { waitFor } from '../../support/wait-for.ts';
import { busy, KANNEL_SECRET, TestServer } from '../http/test-server.ts';

const LINE = '+12125550100' as PhoneNumber;
const PATIENT = '+12125550123' as PhoneNumber;
const GSM_ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€';

/** Text, data coding on the wire (0 GSM 03.38, 8 UCS-2), parts. */
const TEXTS: readonly (readonly [what: string, text: string, dataCoding: number, parts: number])[] = [
  ['the whole GSM alphabet', GSM_ALPHABET, 0, 1],
  ['160 characters', 'x'.repeat(160), 0, 1],
  ['161 characters', 'x'.repeat(161), 0, 2],
  ['euro signs across the seam of two parts', `${'a'.repeat(151)}${'€'.repeat(20)}`, 0, 2],
  ['the longest text', 'The quick brown fox. '.repeat(73).slice(0, 1_530), 0, 10],
  ['what GSM lacks', 'it’s “fine” – naïve ê ç', 8, 1],
  ['emoji', '👍🏽 😀', 8, 1],
  ['emoji across the seam of two parts', `a${'😀'.repeat(40)}`, 8, 2],
  ['the longest text of emoji', '😀'.repeat(335), 8, 10],
  ['Chinese and Arabic', '你好 مرحبا', 8, 1],
  ['line breaks', 'one\r\ntwo\nthree', 0, 1],
  ['what looks like parameters', '100% + 5 & text=%d?', 0, 1],
];

describe('a real Kannel', function () {
  this.timeout(30_000);
  const smsc = new SmppSmsc();
  let server: TestServer;
  let kannel: Kannel;
  let carrier: SmsCarrier;
  let sent = 0;

  before(async function () {
    const reason = kannelIsMissing();
    if (reason !== undefined) skip(this, reason);
    server = new TestServer();
    await server.start();
    const webhookUrl = `${server.url}/carriers/kannel/${KANNEL_SECRET}`;
    kannel = await startKannel({ webhookUrl, webhookSecret: KANNEL_SECRET, smppPort: await smsc.start() });
    carrier = createSmsCarrier('kannel', kannel.config('smpp1'), server.url);
  });

  after(async () => {
    if (kannel === undefined) return;
    await kannel[Symbol.asyncDispose]();
    await smsc.stop();
    await server.stop();
  });

  beforeEach(() => {
    smsc.submitted.length = 0;
    smsc.status = 0;
    server.messages.clear();
    server.reports.length = 0;
    server.failure = undefined;
  });

  const send = (text: string, by = carrier) => {
    sent += 1;
    return by.send({ id: `out-${sent}`, from: LINE, to: PATIENT, text }, AbortSignal.timeout(10_000));
  };
  const states = () => server.reports.map(({ state, reference }) => ({ state, ...reference }));
  const received = (count: number) =>
    waitFor(`${count} texts`, () => (server.messages.size >= count ? [...server.messages.values()] : undefined), {
      timeoutMs: 10_000,
    });

  describe('to the patient', () => {
    for (const [what, text, dataCoding, parts] of TEXTS) {
      it(`sends ${what} as data coding ${dataCoding} in ${parts}`, async () => {
        expect(await send(text)).to.deep.equal({ outcome: 'accepted' });
        const submitted = await smsc.waitForParts(parts);
        expect(phoneShows(submitted)).to.equal(text);
        expect(submitted.map((part) => part.dataCoding)).to.deep.equal(Array.from({ length: parts }, () => dataCoding));
        expect([submitted[0]?.from, submitted[0]?.to, submitted[0]?.wantsReport]).to.deep.equal([
          LINE.slice(1),
          PATIENT.slice(1),
          true,
        ]);
      });
    }

    it('refuses with a wrong password, for good', async () => {
      const config = { ...kannel.config('smpp1'), password: 'wrong' };
      expect(await send('Hello', createSmsCarrier('kannel', config, server.url))).to.deep.equal({
        outcome: 'refused',
        reason: 'configuration',
        detail: 'HTTP 403',
      });
      expect(smsc.submitted).to.deep.equal([]);
    });

    it('says not-sent while smsbox is down', async () => {
      await kannel.stopSmsbox();
      try {
        expect(await send('Hello')).to.have.property('outcome', 'not-sent');
      } finally {
        await kannel.startSmsbox();
      }
    });
  });

  describe('reports', () => {
    for (const [stat, expected] of [
      ['DELIVRD', 'delivered'],
      ['UNDELIV', 'failed'],
      ['EXPIRED', 'failed'],
    ] as const) {
      it(`brings ${stat} as ${expected}, under our own id`, async () => {
        await send('Hello');
        const outboxId = `out-${sent}`;
        const [part] = await smsc.waitForParts(1);
        await waitFor('the report that the network took it', () => states().some(({ state }) => state === 'sent'));
        if (part) smsc.report(part, stat);
        await waitFor('the report', () => server.reports.length === 2);
        expect(states()).to.deep.equal([
          { state: 'sent', outboxId },
          { state: expected, outboxId },
        ]);
      });
    }

    it('brings a refusal of the network as failed', async () => {
      smsc.status = 0x0b; // ESME_RINVDSTADR
      expect(await send('Hello')).to.deep.equal({ outcome: 'accepted' });
      await waitFor('the report', () => server.reports.length > 0);
      expect(states()).to.deep.equal([{ state: 'failed', outboxId: `out-${sent}` }]);
    });
  });

  describe('from the patient', () => {
    for (const [what, dataCoding, body, text] of [
      ['GSM 03.38', 0, Buffer.from([0x48, 0x05, 0x1b, 0x65, 0x00]), 'Hé€@'],
      ['UCS-2', 8, Buffer.from('Ok 😀 ’', 'utf16le').swap16(), 'Ok 😀 ’'],
      ['latin1', 3, Buffer.from('ñandú', 'latin1'), 'ñandú'],
    ] as const) {
      it(`brings ${what}`, async () => {
        smsc.deliver(PATIENT, LINE, dataCoding, body);
        const [message] = await received(1);
        expect(message).to.deep.include({ from: PATIENT, to: LINE, text, media: [] });
      });
    }

    it('brings a long text as one, its parts in any order and cut inside an emoji', async () => {
      const text = `${'a'.repeat(66)}😀 and so on`;
      const units = Buffer.from(text, 'utf16le').swap16();
      const udh = (part: number) => Buffer.from([5, 0, 3, 0xaa, 2, part]);
      smsc.deliver(PATIENT, LINE, 8, units.subarray(134), udh(2));
      smsc.deliver(PATIENT, LINE, 8, units.subarray(0, 134), udh(1));
      const [message] = await received(1);
      expect(message?.text).to.equal(text);
    });

    it('repeats a text with the same id until it is committed', async () => {
      server.failure = busy;
      smsc.deliver(PATIENT, LINE, 0, Buffer.from('Are you there?'));
      const refusals = () => server.logs.filter((line) => line.includes('webhook.not-committed')).length;
      await waitFor('two tries', () => refusals() >= 2, { timeoutMs: 10_000 });
      server.failure = undefined;
      const [message] = await received(1);
      expect(message?.text).to.equal('Are you there?');
    });

    it('lets go of a binary message', async () => {
      const ignored = () => server.logs.some((line) => line.includes('binary message'));
      smsc.deliver(PATIENT, LINE, 4, Buffer.from([1, 2, 3]));
      await waitFor('the binary message', ignored);
      expect(server.messages.size).to.equal(0);
    });
  });

  describe('as a whole', () => {
    it('works with fakesmsc both ways', async () => {
      const fake = await kannel.startFakeSmsc([`${PATIENT} ${LINE} text Hello+from+a+phone`]);
      try {
        const [message] = await received(1);
        expect(message).to.deep.include({ from: PATIENT, to: LINE, text: 'Hello+from+a+phone' });
        const byFake = createSmsCarrier('kannel', kannel.config('fake1'), server.url);
        expect(await send('Hello to a phone', byFake)).to.deep.equal({ outcome: 'accepted' });
        expect(await send('Smile 😀', byFake)).to.deep.equal({ outcome: 'accepted' });
        await waitFor(
          'both texts',
          () => /text Hello to a phone/.test(fake.output()) && /ucs-2 .*%D8%3D%DE%00/.test(fake.output()),
          {
            instead: fake.output,
          },
        );
        await waitFor('the reports', () => states().filter(({ state }) => state === 'delivered').length === 2);
      } finally {
        await fake.stop();
      }
    });

    it('passes the check, which sends nothing and says what it cannot see', async () => {
      const checks = await carrier.check(AbortSignal.timeout(5_000));
      expect(checks.map(({ ok }) => ok)).to.deep.equal([true, true, true]);
      expect(checks[1]?.result).to.match(/running, connections to SMS centres online: [12]/);
      expect(checks[2]?.fix).to.include('docs/carriers.md');
      expect(smsc.submitted).to.deep.equal([]);
    });

    it('is told by the check that the passwords are wrong', async () => {
      const config = { ...kannel.config('smpp1'), password: 'wrong', statusPassword: 'wrong' };
      const checks = await createSmsCarrier('kannel', config, server.url).check(AbortSignal.timeout(5_000));
      expect(checks.map(({ ok }) => ok)).to.deep.equal([false, false, true]);
    });

    it('logged no number and no text with the documented settings', async () => {
      const logs = await kannel.logs();
      for (const phi of [PATIENT.slice(1), 'Hello', 'Are you there', 'quick brown']) expect(logs).not.to.include(phi);
    });
  });
});
