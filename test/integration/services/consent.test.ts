import { expect } from 'chai';
import type { ConsentState } from '../../../src/model/consent.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { COMMAND_ROOM, KEY_NOTICE_AFTER_MS, TEXTS } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const CONFIRMATION = TEXTS['stop-confirmation'];
const STATES: readonly ConsentState[] = ['none', 'warned', 'granted', 'declined', 'revoked'];

describe('consent', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** The question is asked and on its way. */
  const ask = async () => {
    await fixture.bridge.writes(COMMAND_ROOM, `!care text ${PATIENT}`);
    await fixture.bridge.pump();
    const { roomId } = await fixture.bridge.find(PATIENT);
    await fixture.bridge.joins(roomId!);
    await fixture.bridge.pump();
    return roomId!;
  };

  describe('nothing but the warning leaves before it is granted (J1, J6)', () => {
    const KINDS: Readonly<Record<string, { type?: string; content: object }>> = {
      text: { content: { msgtype: 'm.text' } },
      emote: { content: { msgtype: 'm.emote' } },
      reply: { content: { msgtype: 'm.text', 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } } } },
      edit: { content: { msgtype: 'm.text', 'm.relates_to': { rel_type: 'm.replace', event_id: '$x' } } },
      picture: { content: { msgtype: 'm.image', filename: 'x' } },
      file: { content: { msgtype: 'm.file', filename: 'x' } },
      voice: { content: { msgtype: 'm.audio', filename: 'x' } },
      film: { content: { msgtype: 'm.video', filename: 'x' } },
      place: { content: { msgtype: 'm.location', geo_uri: 'geo:1,2' } },
      sticker: { type: 'm.sticker', content: {} },
      poll: { type: 'org.matrix.msc3381.poll.start', content: {} },
      notice: { content: { msgtype: 'm.notice' } },
      unknown: { content: { msgtype: 'org.example' } },
      command: { content: { msgtype: 'm.text', body: '!care who' } },
    };
    const WORDS = ['text', 'emote', 'reply'];
    const FILES = ['picture', 'file', 'voice', 'film'];
    for (const state of STATES) {
      it(`of all kinds of messages while consent is ${state}`, async () => {
        const plain = await fixture.bridge.conversation(PATIENT, state, 0);
        const pictures = await fixture.bridge.conversation(PATIENT, 'none', 2);
        for (const { roomId } of [plain, pictures]) {
          for (const [kind, { type = 'm.room.message', content }] of Object.entries(KINDS)) {
            await fixture.bridge.writes(roomId, '', { type, content: { body: kind, ...content } });
          }
        }
        await fixture.bridge.pump();
        expect(fixture.received()).to.deep.equal(state === 'granted' ? WORDS : []);
        expect(fixture.world.pictures.textsTo(PATIENT)).to.deep.equal(state === 'granted' ? [...WORDS, ...FILES] : []);
        const silent = ['notice', 'command'].length;
        const refused = (sent: readonly string[]) => Object.keys(KINDS).length - silent - sent.length;
        const told = (roomId: RoomId) => fixture.botSaid(roomId).filter((words) => words.startsWith('Not sent: '));
        expect(told(plain.roomId)).to.have.length(refused(fixture.received()));
        expect(told(pictures.roomId)).to.have.length(refused(fixture.world.pictures.textsTo(PATIENT)));
      });
    }

    const REASONS: readonly (readonly [ConsentState, RegExp])[] = [
      [
        'none',
        /^Not sent: the patient was not yet asked.*Start with `!care text`, or record consent with `!care consent`/,
      ],
      ['warned', /^Not sent: the patient got the risk warning and has not answered YES yet/],
      ['declined', /^Not sent: the patient declined texts\. Call instead/],
      ['revoked', /^Not sent: the patient opted out of texts \(STOP\)\. Call instead/],
    ];
    for (const [state, reason] of REASONS) {
      it(`and while it is ${state} the sender is told why in a reply`, async () => {
        const { roomId } = await fixture.bridge.conversation(PATIENT, state);
        const eventId = await fixture.bridge.writes(roomId, 'PHI');
        await fixture.bridge.pump();
        const told = fixture.world.sender.events.at(-1)!;
        expect(told.content['body'])
          .to.match(reason)
          .and.to.match(/\(Reference \w+\)$/);
        expect(told.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
      });
    }

    for (const state of STATES) {
      it(`a message that was queued while granted is ${state === 'granted' ? 'sent' : 'stopped at the door'} when consent is ${state}`, async () => {
        const { roomId, contact, address } = await fixture.bridge.conversation(PATIENT, 'granted');
        await fixture.bridge.writes(roomId, 'PHI');
        await fixture.bridge.pump('events');
        await fixture.world.stores.consents.append({
          contactId: contact.id,
          addressId: address.id,
          state,
          method: 'verbal',
          wordingVersion: '1',
          evidence: 'x',
          cause: 'later',
          actor: 'x',
          at: Date.now(),
        });
        await fixture.bridge.pump();
        expect(fixture.received()).to.deep.equal(state === 'granted' ? ['PHI'] : []);
        const told = fixture.botSaid(roomId).filter((words) => words.startsWith('This message was not sent:'));
        expect(told).to.have.length(state === 'granted' ? 0 : 1);
        expect(told.join()).not.to.include('{prefix}');
      });
    }
  });

  describe('the question', () => {
    it('is put once, is answered by YES, and every step is kept with wording, words and time (J2)', async () => {
      const roomId = await ask();
      const asked = Date.now();
      fixture.clock.tick(60_000);
      await fixture.patientSays(' Yes. ');
      expect(fixture.received()).to.deep.equal([TEXTS.warning]);
      const [warned, granted, ...more] = await fixture.consents();
      expect(more).to.deep.equal([]);
      expect(warned).to.include({ state: 'warned', method: 'sms', wordingVersion: '2026-11', evidence: TEXTS.warning });
      expect(granted).to.include({
        state: 'granted',
        method: 'sms',
        wordingVersion: '2026-11',
        evidence: ' Yes. ',
        actor: 'patient',
        at: asked + 60_000,
        contactId: warned!.contactId,
        addressId: warned!.addressId,
      });
      expect(granted!.cause).to.match(/^inbox:/);
      expect(fixture.botSaid(roomId)).to.deep.equal([
        'The patient answered YES: consent to texts is recorded. You can write now.',
      ]);
      await fixture.bridge.writes(roomId, 'PHI');
      await fixture.bridge.pump();
      expect(fixture.received()).to.deep.equal([TEXTS.warning, 'PHI']);
    });

    it('is answered by NO', async () => {
      const roomId = await ask();
      await fixture.patientSays('no');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('declined');
      expect(fixture.botSaid(roomId)).to.deep.equal(['The patient answered NO: texts are declined. Call instead.']);
    });

    for (const text of ['yes I will come', 'yes but no', 'ok', '👍', 'yess', 'no problem', '']) {
      it(`is not answered by ${JSON.stringify(text)}`, async () => {
        await ask();
        await fixture.patientSays(text);
        expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
      });
    }

    for (const state of STATES.filter((one) => one !== 'warned')) {
      for (const word of ['YES', 'NO', 'sí', 'n']) {
        it(`where none is open, ${word} changes nothing while consent is ${state}, and goes into the room`, async () => {
          const { roomId, contact } = await fixture.bridge.conversation(PATIENT, state);
          const before = await fixture.consents();
          await fixture.patientSays(word);
          expect(await fixture.consents()).to.deep.equal(before);
          expect(fixture.received()).to.deep.equal([]);
          expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal([word]);
          expect(fixture.botSaid(roomId)).to.deep.equal([]);
        });
      }
    }

    it('can be answered while the carrier is still taking the warning', async () => {
      fixture.world.plain.answers.push(async () => {
        await fixture.bridge.patientTexts(PATIENT, 'YES');
        await fixture.bridge.pump('keywords');
        return { outcome: 'accepted' };
      });
      await ask();
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
    });

    it('is not answered by a YES that came before the warning left', async () => {
      await fixture.bridge.writes(COMMAND_ROOM, `!care text ${PATIENT}`);
      await fixture.bridge.pump('events');
      await fixture.bridge.patientTexts(PATIENT, 'YES');
      await fixture.bridge.pump('keywords');
      await fixture.bridge.pump();
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
    });

    it('is not answered by a YES while the warning could not be handed over', async () => {
      fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'down' });
      await ask();
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
      await fixture.patientSays('YES');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
      await fixture.after(1_000);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
      await fixture.patientSays('YES');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
    });

    it('is taken back where the carrier gives the warning up later, and the team is told', async () => {
      const roomId = await ask();
      const [call] = fixture.world.plain.calls;
      await fixture.bridge.reports.apply('plain', {
        kind: 'report',
        reference: { outboxId: call!.id },
        state: 'failed',
        failure: 'landline',
      });
      await fixture.bridge.pump();
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('none');
      expect(fixture.botSaid(roomId)[0]).to.match(
        /^The risk warning to the patient was not delivered: the number is a landline/,
      );
    });

    it('stays answered where the report of failure comes after the answer', async () => {
      await ask();
      const [call] = fixture.world.plain.calls;
      await fixture.patientSays('YES');
      await fixture.bridge.reports.apply('plain', {
        kind: 'report',
        reference: { outboxId: call!.id },
        state: 'failed',
      });
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
    });

    it('stays open where nobody can tell whether the warning left', async () => {
      fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
      await ask();
      await fixture.patientSays('YES');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('granted');
    });
  });

  it('belongs to the number: another number starts without (G4)', async () => {
    const one = await fixture.bridge.conversation(PATIENT, 'granted');
    const two = await fixture.bridge.conversation('+12125550111', 'none');
    for (const roomId of [one.roomId, two.roomId] satisfies RoomId[]) await fixture.bridge.writes(roomId, 'PHI');
    await fixture.bridge.pump();
    expect(fixture.world.plain.calls.map(({ to }) => to)).to.deep.equal([PATIENT]);
  });

  it('is looked at when a message that waited for its key is sent', async () => {
    const { roomId } = await fixture.bridge.conversation(PATIENT);
    const eventId = await fixture.bridge.event({ type: 'm.room.encrypted', room_id: roomId });
    await fixture.bridge.pump();
    await fixture.after(KEY_NOTICE_AFTER_MS);
    await fixture.patientSays('STOP');
    const content = { msgtype: 'm.text', body: 'PHI' };
    fixture.world.decrypter.knows(eventId, { outcome: 'clear', type: 'm.room.message', content });
    await fixture.after(60_000);
    expect(fixture.received()).to.deep.equal([CONFIRMATION]);
  });
});
