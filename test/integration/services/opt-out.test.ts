import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import { COMMAND_ROOM, TEXTS } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const CONFIRMATION = TEXTS['stop-confirmation'];
const STATES: readonly ConsentState[] = ['none', 'warned', 'granted', 'declined', 'revoked'];

describe('opting out', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  describe('STOP', () => {
    for (const state of STATES) {
      it(`while consent is ${state} leaves it revoked${state === 'revoked' ? '' : ', with the words kept'}`, async () => {
        await fixture.bridge.conversation(PATIENT, state);
        await fixture.patientSays(' Stop! ');
        const records = await fixture.consents();
        expect(records.at(-1)).to.include({ state: 'revoked' });
        if (state !== 'revoked')
          expect(records.at(-1)).to.include({ evidence: ' Stop! ', method: 'sms', actor: 'patient' });
        expect(fixture.received()).to.deep.equal(state === 'revoked' ? [] : [CONFIRMATION]);
      });
    }

    it('is confirmed exactly once, over five repeated STOPs (K4)', async () => {
      await fixture.bridge.conversation(PATIENT);
      for (const text of ['STOP', 'stop', 'Stop', 'UNSUBSCRIBE', 'quit']) await fixture.patientSays(text);
      await fixture.restart();
      await fixture.after(60_000);
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
      expect((await fixture.consents()).filter(({ state }) => state === 'revoked')).to.have.length(1);
    });

    it('is confirmed exactly once, over five STOPs that wait together, and over repeated webhooks (K4)', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      for (const id of ['a', 'b', 'c', 'd', 'e', 'a', 'c', 'a'])
        await fixture.bridge.patientTexts(PATIENT, 'STOP', { id });
      await fixture.bridge.pump();
      for (const id of ['a', 'e']) await fixture.patientSays('STOP', { id });
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.have.length(5);
      expect(fixture.botSaid(roomId)).to.deep.equal([
        'The patient opted out (STOP). Nothing more will be sent. Call instead.',
      ]);
    });

    it('on one line opts out of all, is confirmed on that line, and told in every room', async () => {
      const front = await fixture.bridge.conversation(PATIENT, 'granted', 0);
      const billing = await fixture.bridge.conversation(PATIENT, 'granted', 1);
      await fixture.patientSays('STOP', { line: 1 });
      await fixture.patientSays('STOP', { line: 0 });
      for (const { roomId } of [front, billing]) {
        await fixture.bridge.writes(roomId, 'PHI');
        expect(fixture.botSaid(roomId)).to.have.length(1);
      }
      await fixture.bridge.pump();
      expect(fixture.world.plain.calls.map(({ from, text }) => [from, text])).to.deep.equal([
        ['+12125550101', CONFIRMATION],
      ]);
    });

    it('stops what is queued already, at the carrier’s door, and says so in a reply', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      fixture.world.plain.always = { outcome: 'not-sent', detail: 'down' };
      const eventId = await fixture.bridge.writes(roomId, 'PHI');
      await fixture.bridge.pump();
      fixture.world.plain.calls.length = 0;
      fixture.world.plain.always = undefined;
      await fixture.patientSays('STOP');
      await fixture.after(60_000);
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
      const told = fixture.world.sender.events.find(({ content }) =>
        String(content['body']).startsWith('This message was not sent'),
      );
      expect(told?.content['body']).to.include('opted out of texts (STOP)');
      expect(told?.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    });

    it('stops a picture that is being fetched from the room when it comes', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted', 2);
      const { sender, pictures } = fixture.world;
      const fetch = sender.downloadFile.bind(sender);
      sender.downloadFile = async (...call) => {
        await fixture.bridge.patientTexts(PATIENT, 'STOP', { line: 2 });
        await fixture.bridge.pump('keywords');
        return fetch(...call);
      };
      await fixture.bridge.writes(roomId, '', { content: { msgtype: 'm.image', body: 'arm.jpg' } });
      await fixture.bridge.pump();
      expect(pictures.media).to.deep.equal([]);
      expect(pictures.textsTo(PATIENT)).to.deep.equal([CONFIRMATION]);
      expect(fixture.botSaid(roomId).join('\n')).to.match(/This message was not sent: the patient opted out/);
    });

    it('does not wait for a room that cannot be reached', async () => {
      fixture.world.sender.fault = new Error('must not be asked');
      await fixture.bridge.patientTexts(PATIENT, 'STOP');
      await fixture.bridge.pump('keywords', 'outbox');
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
    });

    it('is not confirmed after five minutes (K4)', async () => {
      await fixture.bridge.conversation(PATIENT);
      fixture.world.plain.always = { outcome: 'not-sent', detail: 'down', retryAfterMs: 6 * 60_000 };
      await fixture.patientSays('STOP');
      fixture.world.plain.always = undefined;
      fixture.world.plain.calls.length = 0;
      await fixture.after(7 * 60_000);
      expect(fixture.received()).to.deep.equal([]);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
    });

    it('is kept with its words, whichever queue is done first, though bodies are wiped at once', async () => {
      for (const order of [
        ['keywords', 'deliveries'],
        ['deliveries', 'keywords'],
      ] as const) {
        const number = order[0] === 'keywords' ? '+12125550120' : '+12125550121';
        const { roomId, contact, address } = await fixture.bridge.conversation(number);
        await fixture.bridge.patientTexts(number, 'Opt out');
        for (const queue of order) {
          await fixture.bridge.pump(queue);
          await fixture.wipeFinished();
        }
        const latest = await fixture.world.stores.consents.latest(address.id);
        expect(latest, order.join()).to.include({ state: 'revoked', evidence: 'Opt out' });
        expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['Opt out']);
      }
    });

    it('as the first words of a number, met by both queues and on two lines at once, makes one contact', async () => {
      for (const line of [0, 1, 0, 1]) await fixture.bridge.patientTexts(PATIENT, 'STOP', { line });
      await Promise.all([
        fixture.bridge.pump('deliveries'),
        fixture.bridge.pump('keywords'),
        fixture.bridge.pump('keywords'),
      ]);
      await fixture.bridge.pump();
      const [front, billing] = [await fixture.bridge.find(PATIENT, 0), await fixture.bridge.find(PATIENT, 1)];
      expect(front.contact).to.deep.equal(billing.contact);
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
      expect(fixture.world.rooms.rooms.size).to.equal(3);
    });

    it('is confirmed again after a START, for it is another opt-out', async () => {
      await fixture.bridge.conversation(PATIENT);
      for (const text of ['STOP', 'START', 'STOP', 'STOP']) await fixture.patientSays(text);
      expect(fixture.received()).to.deep.equal([CONFIRMATION, TEXTS.warning, CONFIRMATION]);
    });

    it('while the warning is queued: the warning does not leave', async () => {
      await fixture.bridge.writes(COMMAND_ROOM, `!care text ${PATIENT}`);
      await fixture.bridge.pump('events');
      await fixture.bridge.patientTexts(PATIENT, 'STOP');
      await fixture.bridge.pump('keywords');
      await fixture.bridge.pump();
      expect(fixture.received()).to.deep.equal([CONFIRMATION]);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
    });
  });

  describe('START', () => {
    const CASES: readonly (readonly [ConsentState, ConsentState, readonly string[]])[] = [
      ['revoked', 'warned', [TEXTS.warning]],
      ['declined', 'warned', [TEXTS.warning]],
      ['none', 'none', []],
      ['warned', 'warned', []],
      ['granted', 'granted', []],
    ];
    for (const [before, after, sent] of CASES) {
      it(`leads from ${before} to ${after}, never to consent (K6)`, async () => {
        const { roomId } = await fixture.bridge.conversation(PATIENT, before);
        await fixture.patientSays('START');
        await fixture.patientSays('UNSTOP');
        expect(await fixture.bridge.consentOf(PATIENT)).to.equal(after);
        expect(fixture.received()).to.deep.equal(sent);
        await fixture.bridge.writes(roomId, 'PHI');
        await fixture.bridge.pump();
        expect(fixture.received().includes('PHI')).to.equal(before === 'granted');
      });
    }

    it('asks again, and YES grants again', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      for (const text of ['STOP', 'START', 'YES']) await fixture.patientSays(text);
      expect((await fixture.consents()).slice(1).map(({ state }) => state)).to.deep.equal([
        'revoked',
        'none',
        'warned',
        'granted',
      ]);
      expect(fixture.botSaid(roomId)).to.have.length(3);
    });
  });

  describe('HELP', () => {
    for (const state of STATES) {
      for (const word of ['HELP', 'info']) {
        it(`${word} is answered while consent is ${state}, and changes nothing (K7)`, async () => {
          await fixture.bridge.conversation(PATIENT, state);
          await fixture.patientSays(word);
          expect(fixture.received()).to.deep.equal([TEXTS.help]);
          expect(await fixture.bridge.consentOf(PATIENT)).to.equal(state);
        });
      }
    }

    it('is answered once for each question and once for each webhook', async () => {
      await fixture.bridge.conversation(PATIENT);
      for (const id of ['a', 'a', 'b', 'a']) await fixture.patientSays('HELP', { id });
      expect(fixture.received()).to.deep.equal([TEXTS.help, TEXTS.help]);
    });
  });
});
