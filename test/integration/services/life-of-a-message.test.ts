import { expect } from 'chai';
import type { RoomId } from '../../../src/model/ids.ts';
import { parseUserId } from '../../../src/model/ids.ts';
import { CLERK, COMMAND_ROOM, NAMESPACE, NURSE, TEXTS } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const OTHER = '+12125550111';

describe('life of a message', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  describe('in', () => {
    it('goes into the room, spoken by the ghost and marked as a text (E6)', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.patientTexts(PATIENT, 'my arm hurts');
      await fixture.bridge.pump();
      const [event] = fixture.world.sender.events.filter(({ as }) => as === contact.ghost);
      expect(event).to.deep.include({
        roomId,
        content: { msgtype: 'm.text', body: 'my arm hurts', 'org.carebridge.channel': 'sms' },
      });
    });

    it('is spoken by a device that was signed before anybody shared a room with it (M1)', async () => {
      const { rooms, sender } = fixture.world;
      const create = rooms.create.bind(rooms);
      const isSigned: boolean[] = [];
      rooms.create = (room) => {
        isSigned.push(room.ghost !== undefined && sender.prepared.has(room.ghost));
        return create(room);
      };
      await fixture.bridge.conversation(OTHER);
      expect(isSigned).to.deep.equal([true]);
    });

    it('goes in once, however often and however late the carrier repeats it', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.patientTexts(PATIENT, 'hello', { id: 'a' });
      await fixture.bridge.patientTexts(PATIENT, 'hello', { id: 'a' });
      await fixture.bridge.pump();
      await fixture.bridge.patientTexts(PATIENT, 'hello', { id: 'a' });
      await fixture.restart();
      await fixture.bridge.patientTexts(PATIENT, 'hello', { id: 'a' });
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['hello']);
    });

    it('goes in twice where the patient writes the same words twice', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      for (let time = 0; time < 2; time++) await fixture.bridge.patientTexts(PATIENT, 'ok');
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['ok', 'ok']);
    });

    it('keeps the order within a conversation, and patients apart (A6)', async () => {
      const one = await fixture.bridge.conversation(PATIENT);
      const two = await fixture.bridge.conversation(OTHER);
      for (let n = 1; n <= 5; n++) {
        await fixture.bridge.patientTexts(PATIENT, `one ${n}`);
        await fixture.bridge.patientTexts(OTHER, `two ${n}`);
      }
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(one.roomId, one.contact.ghost)).to.deep.equal(
        [1, 2, 3, 4, 5].map((n) => `one ${n}`),
      );
      expect(fixture.world.sender.said(two.roomId, two.contact.ghost)).to.deep.equal(
        [1, 2, 3, 4, 5].map((n) => `two ${n}`),
      );
    });

    it('has one room for each line, and one contact for the number', async () => {
      const front = await fixture.bridge.conversation(PATIENT, 'granted', 0);
      const billing = await fixture.bridge.conversation(PATIENT, 'granted', 1);
      await fixture.bridge.patientTexts(PATIENT, 'about my bill', { line: 1 });
      await fixture.bridge.pump();
      expect(front.roomId).not.to.equal(billing.roomId);
      expect(front.contact).to.deep.equal(billing.contact);
      expect(fixture.world.sender.said(billing.roomId, billing.contact.ghost)).to.deep.equal(['about my bill']);
      expect(fixture.world.sender.said(front.roomId, front.contact.ghost)).to.deep.equal([]);
    });

    const BODIES = [
      '',
      ' ',
      '👩‍⚕️ ¿qué?',
      'a\nb\r\nc',
      '<b>&amp;</b>',
      'x'.repeat(5_000),
      '\u0000nul',
      '$& {practice} %s',
    ];
    for (const body of BODIES) {
      it(`brings ${JSON.stringify(body.slice(0, 20))} as it was written`, async () => {
        const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
        await fixture.bridge.patientTexts(PATIENT, body);
        await fixture.bridge.pump();
        expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal([body]);
      });
    }

    it('makes half a character readable', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.patientTexts(PATIENT, 'a\ud83d');
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['a\ufffd']);
    });

    const REJECTED: readonly (readonly [string, string, string, RegExp])[] = [
      [
        'a number that no line has',
        PATIENT,
        '+12125550199',
        /^A text came to a number of carrier plain that no line has/,
      ],
      [
        'a line of another carrier',
        PATIENT,
        '+12125550102',
        /^A text came to a number of carrier plain that no line has/,
      ],
      [
        'a destination that is no number',
        PATIENT,
        'clinic',
        /^A text came to a number of carrier plain that no line has/,
      ],
      ['a short code', '242424', '+12125550100', /^A text came to line front-desk from a short code/],
      ['a sender with a name', 'AMAZON', '+12125550100', /^A text came to line front-desk from a short code/],
    ];
    for (const [what, from, to, told] of REJECTED) {
      it(`tells the administrators once of a text with ${what}, without words or numbers`, async () => {
        for (let time = 0; time < 3; time++) {
          const sms = { kind: 'message', carrierMessageId: 'a', from, to, text: 'secret words', media: [] } as const;
          await fixture.bridge.receive.receive('plain', sms);
        }
        await fixture.bridge.pump();
        expect(fixture.adminsHeard).to.have.length(1);
        expect(fixture.adminsHeard[0])
          .to.match(told)
          .and.not.to.match(/secret|AMAZON|242424|555/);
        expect(fixture.world.rooms.rooms.size).to.equal(1);
      });
    }
  });

  describe('in, from an unknown number', () => {
    it('gets an encrypted room with an opaque name, the team invited and the ghost in it (E4)', async () => {
      await fixture.bridge.patientTexts(PATIENT, 'hello');
      await fixture.bridge.pump();
      const { roomId, contact } = await fixture.bridge.find(PATIENT);
      const room = fixture.world.rooms.rooms.get(roomId!)!;
      expect([...room.invited]).to.deep.equal([NURSE]);
      expect([...room.joined]).to.deep.equal([NAMESPACE.bot, contact.ghost]);
      expect(parseUserId(contact.ghost)).to.equal(contact.ghost);
      expect(JSON.stringify([room.plan, fixture.world.rooms.ghosts.get(contact.ghost)])).not.to.match(
        /0110|2125|hello/,
      );
    });

    it('waits until somebody of the team is there to read it; then the card comes first, then the texts in order', async () => {
      for (const text of ['one', 'two', 'three']) await fixture.bridge.patientTexts(PATIENT, text);
      await fixture.bridge.pump();
      const { roomId, contact } = await fixture.bridge.find(PATIENT);
      expect(fixture.world.sender.said(roomId!)).to.deep.equal([]);
      await fixture.bridge.joins(roomId!);
      await fixture.bridge.pump();
      const [card, ...texts] = fixture.world.sender.events.filter((event) => event.roomId === roomId);
      expect(card).to.include({ as: NAMESPACE.bot });
      expect(card?.content['body']).to.match(/^Name not known, •••0110, on line front-desk\./);
      expect(texts.map(({ as, content }) => [as, content['body']])).to.deep.equal(
        ['one', 'two', 'three'].map((text) => [contact.ghost, text]),
      );
    });

    it('sends the card once, whoever else joins', async () => {
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.pump();
      const { roomId } = await fixture.bridge.find(PATIENT);
      for (const user of [NURSE, CLERK, NURSE]) await fixture.bridge.joins(roomId!, user);
      await fixture.bridge.patientTexts(PATIENT, 'two');
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId!, NAMESPACE.bot)).to.have.length(1);
    });

    it('does not wait for the wake-up where the event of joining was never seen', async () => {
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.pump();
      const { roomId, contact } = await fixture.bridge.find(PATIENT);
      fixture.world.rooms.join(roomId!, NURSE);
      await fixture.after(60_000);
      expect(fixture.world.sender.said(roomId!, contact.ghost)).to.deep.equal(['one']);
    });

    it('tells the administrators after ten minutes that nobody has joined, once (L2)', async () => {
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.patientTexts(PATIENT, 'two');
      await fixture.bridge.pump();
      for (let minute = 1; minute < 10; minute++) await fixture.after(60_000);
      expect(fixture.adminsHeard).to.deep.equal([]);
      for (let minute = 0; minute < 30; minute++) await fixture.after(60_000);
      const { roomId, contact } = await fixture.bridge.find(PATIENT);
      expect(fixture.adminsHeard).to.have.length(1);
      expect(fixture.adminsHeard[0])
        .to.match(/^A patient's text on line front-desk waits/)
        .and.to.include(roomId!);
      await fixture.bridge.joins(roomId!);
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId!, contact.ghost)).to.deep.equal(['one', 'two']);
    });

    it('is asked for consent once, where the configuration wants it', async () => {
      await fixture.restart({ warnOnFirstContact: true });
      for (const text of ['one', 'two']) await fixture.bridge.patientTexts(PATIENT, text);
      await fixture.bridge.pump();
      await fixture.after(60_000);
      expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal([TEXTS.warning]);
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('warned');
    });

    for (const keyword of ['STOP', 'HELP', 'YES', 'NO', 'START']) {
      it(`is not asked for consent in answer to ${keyword}`, async () => {
        await fixture.restart({ warnOnFirstContact: true });
        await fixture.bridge.patientTexts(PATIENT, keyword);
        await fixture.bridge.pump();
        expect(fixture.world.plain.textsTo(PATIENT)).not.to.include(TEXTS.warning);
      });
    }

    it('is not asked where it should not be', async () => {
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.pump();
      expect(fixture.world.plain.calls).to.deep.equal([]);
    });
  });

  describe('in, with pictures', () => {
    const media = [
      { url: 'https://carrier.test/1', contentType: 'image/jpeg' },
      { url: 'https://carrier.test/2', contentType: 'application/pdf' },
    ];

    it('brings words and files, named after their kind alone, and keeps an index of them', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT, 'granted', 2);
      await fixture.bridge.patientTexts(PATIENT, 'look', { line: 2, media });
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['look', 'picture.jpeg', 'file.pdf']);
      expect(fixture.world.sender.uploads.map(({ contentType }) => contentType)).to.deep.equal([
        'image/jpeg',
        'application/pdf',
      ]);
    });

    it('brings a file without words alone', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT, 'granted', 2);
      await fixture.bridge.patientTexts(PATIENT, '', { line: 2, media: media.slice(0, 1) });
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['picture.jpeg']);
    });

    it('is parked and reported where the carrier cannot fetch files, after the words are in the room', async () => {
      const { roomId, contact } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.patientTexts(PATIENT, 'look', { media });
      await fixture.bridge.patientTexts(PATIENT, 'next');
      await fixture.bridge.pump();
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['look', 'next']);
      expect(fixture.adminsHeard).to.have.length(1);
    });
  });

  describe('out', () => {
    it('goes to the number from the line, once, with the row as its key', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.writes(roomId, 'please come at 5');
      await fixture.bridge.pump();
      await fixture.restart();
      await fixture.after(60_000);
      const [call, ...more] = fixture.world.plain.calls;
      expect(more).to.deep.equal([]);
      expect(call).to.include({ from: '+12125550100', to: PATIENT, text: 'please come at 5' });
      const row = await fixture.world.stores.outbox.find(call!.id);
      expect(row).to.include({ state: 'accepted', kind: 'message', roomId });
      expect(fixture.botSaid(roomId)).to.deep.equal([]);
    });

    it('goes once where the homeserver repeats the transaction or the event', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      const eventId = await fixture.bridge.writes(roomId, 'hello');
      await fixture.bridge.pump();
      await fixture.bridge.writes(roomId, 'hello', { eventId });
      await fixture.bridge.pump();
      expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['hello']);
    });

    it('keeps the order, also while the first has to be tried again', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'down' });
      for (const text of ['one', 'two', 'three']) await fixture.bridge.writes(roomId, text);
      await fixture.bridge.pump();
      expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['one']);
      await fixture.after(1_000);
      expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['one', 'one', 'two', 'three']);
      expect(new Set(fixture.world.plain.calls.map(({ id }) => id)).size).to.equal(3);
    });

    it('waits as long as the carrier asks', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'slow down', retryAfterMs: 30_000 });
      await fixture.bridge.writes(roomId, 'one');
      await fixture.bridge.pump();
      await fixture.after(29_000);
      expect(fixture.world.plain.calls).to.have.length(1);
      await fixture.after(1_000);
      expect(fixture.world.plain.calls).to.have.length(2);
    });

    it('ends there where the patient gets it, and not in other rooms', async () => {
      const one = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.conversation(OTHER);
      await fixture.bridge.writes(one.roomId, 'for one');
      await fixture.bridge.writes(COMMAND_ROOM, 'a word among us');
      await fixture.bridge.writes('!elsewhere' as RoomId, 'a word elsewhere');
      await fixture.bridge.pump();
      expect(fixture.world.plain.calls.map(({ to, text }) => [to, text])).to.deep.equal([[PATIENT, 'for one']]);
    });

    it('is refused in a reply where the carrier refuses it, with the reason and what to do', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      fixture.world.plain.answers.push({ outcome: 'refused', reason: 'landline', detail: 'x' });
      const eventId = await fixture.bridge.writes(roomId, 'one');
      await fixture.bridge.pump();
      const [told] = fixture.world.sender.events.filter(({ content }) =>
        String(content['body']).startsWith('This message'),
      );
      expect(told?.content['body']).to.match(
        /^This message was not sent: the number is a landline.*Call instead\. \(Reference \w+\)$/,
      );
      expect(told?.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
      expect(fixture.world.plain.calls).to.have.length(1);
    });

    it('is refused where its line is gone from the configuration', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT);
      await fixture.bridge.writes(roomId, 'queued');
      await fixture.bridge.pump('events');
      await fixture.restart({ lines: [] });
      await fixture.bridge.writes(roomId, 'written later');
      await fixture.bridge.pump();
      expect(fixture.world.plain.calls).to.deep.equal([]);
      expect(fixture.botSaid(roomId).join('\n')).to.match(
        /Not sent: line front-desk is no longer in the configuration/,
      );
      expect(fixture.botSaid(roomId).join('\n')).to.match(/This message was not sent: line front-desk is no longer/);
    });

    it('takes a picture along where the line can', async () => {
      const { roomId } = await fixture.bridge.conversation(PATIENT, 'granted', 2);
      const content = { msgtype: 'm.image', body: 'your arm', filename: 'x.jpg', file: { url: 'mxc://a/b' } };
      await fixture.bridge.writes(roomId, '', { content });
      await fixture.bridge.pump();
      expect(fixture.world.pictures.calls[0]).to.include({ to: PATIENT, text: 'your arm' });
      expect(fixture.world.pictures.media).to.have.length(1);
    });
  });
});
