import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import { ADMIN, COMMAND_ROOM } from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const HOUR = 60 * 60_000;

describe('what is given up', () => {
  let fixture: ServicesFixture;
  let roomId: RoomId;
  beforeEach(async () => {
    fixture = await ServicesFixture.create();
    roomId = (await fixture.bridge.conversation(PATIENT)).roomId;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const hours = async (count: number) => {
    for (let hour = 0; hour < count; hour++) await fixture.after(HOUR);
  };
  const parked = async (store: 'outbox' | 'notices' | 'events') =>
    (await fixture.world.stores[store].depth(Date.now())).parked;

  it('towards the carrier is told in a reply and to the administrators, once, with the reference of the row', async () => {
    fixture.world.plain.always = { outcome: 'not-sent', detail: 'down' };
    const eventId = await fixture.bridge.writes(roomId, 'secret words');
    await fixture.bridge.pump();
    await hours(5);
    fixture.world.plain.always = undefined;
    await fixture.restart();
    await hours(5);
    expect(fixture.world.plain.calls).to.have.length(3);
    const row = await fixture.world.stores.outbox.find(fixture.world.plain.calls[0]!.id);
    expect(row?.state).to.equal('parked');
    const reference = `(Reference ${row!.trace})`;
    expect(fixture.botSaid(roomId)).to.deep.equal([
      `This message was not sent: the carrier did not take it in all attempts. Call the patient, or send it again later. ${reference}`,
    ]);
    const [told] = fixture.world.sender.events.filter((event) => event.roomId === roomId).slice(-1);
    expect(told?.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    expect(fixture.adminsHeard).to.deep.equal([
      `A text on line front-desk was given up: the carrier did not take it. Check the line. ${reference}`,
    ]);
    expect(await parked('outbox')).to.equal(1);
  });

  it('towards the carrier does not hold up what comes after it', async () => {
    fixture.world.plain.answers.push(
      ...Array.from({ length: 3 }, () => ({ outcome: 'not-sent', detail: 'x' }) as const),
    );
    for (const text of ['one', 'two']) await fixture.bridge.writes(roomId, text);
    await fixture.bridge.pump();
    await hours(5);
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['one', 'one', 'one', 'two']);
  });

  it('of a warning leaves no question open, so that it can be asked again', async () => {
    const other = '+12125550111';
    fixture.world.plain.always = { outcome: 'not-sent', detail: 'down' };
    await fixture.bridge.writes(COMMAND_ROOM, `!care text ${other}`);
    await fixture.bridge.pump();
    await hours(5);
    expect(await fixture.bridge.consentOf(other)).to.equal('none');
    fixture.world.plain.always = undefined;
    await fixture.bridge.writes(COMMAND_ROOM, `!care text ${other}`);
    await fixture.bridge.pump();
    expect(await fixture.bridge.consentOf(other)).to.equal('warned');
  });

  it('because the file is too large or cannot be fetched is told in a reply, and nobody tries again', async () => {
    const pictures = await fixture.bridge.conversation(PATIENT, 'none', 2);
    fixture.world.sender.downloadFile = async () => Promise.reject(new PermanentError('hash'));
    await fixture.bridge.writes(pictures.roomId, '', { content: { msgtype: 'm.image', body: 'x' } });
    await fixture.bridge.pump();
    await hours(2);
    expect(fixture.world.pictures.calls).to.deep.equal([]);
    expect(fixture.botSaid(pictures.roomId)).to.have.length(1);
    expect(fixture.botSaid(pictures.roomId)[0]).to.match(
      /its file is too large for this line, or could not be fetched/,
    );
    expect(fixture.adminsHeard).to.deep.equal([]);
  });

  it('towards a room that can never take it is told to the administrators, and the words are kept', async () => {
    fixture.world.sender.fault = new PermanentError('not encrypted');
    await fixture.bridge.patientTexts(PATIENT, 'secret words');
    await fixture.bridge.pump('deliveries');
    fixture.world.sender.fault = undefined;
    await fixture.restart();
    await hours(2);
    expect(fixture.adminsHeard).to.have.length(1);
    expect(fixture.adminsHeard[0]).to.match(
      /^A patient's text on line front-desk could not be put into its room\. It is kept\. To try it again: `!care parked retry (\w+)`\. \(Reference \1\)$/,
    );
    expect((await fixture.world.stores.inbox.deliveries.depth(Date.now())).parked).to.equal(1);
  });

  it('of an opt-out that cannot be recorded is told to the administrators as what it is', async () => {
    fixture.world.stores.consents.append = async () => Promise.reject(new PermanentError('damaged'));
    await fixture.bridge.patientTexts(PATIENT, 'STOP');
    await fixture.bridge.pump();
    expect(fixture.adminsHeard).to.have.length(1);
    expect(fixture.adminsHeard[0]).to.match(
      /^A patient's STOP on line front-desk could not be acted on\. Do not text this patient/,
    );
    expect(fixture.adminsHeard[0]).not.to.include(PATIENT);
  });

  it('of a room event is told in a reply and to the administrators', async () => {
    fixture.world.decrypter.decrypt = async () => Promise.reject(new PermanentError('gone'));
    const eventId = await fixture.bridge.event({ type: 'm.room.encrypted', room_id: roomId });
    await fixture.bridge.pump();
    expect(fixture.botSaid(roomId)[0]).to.match(
      /^This could not be handled and was not sent\. Send it again, or call\. \(Reference \w+\)$/,
    );
    const told = fixture.world.sender.events.find(({ content }) =>
      String(content['body']).startsWith('This could not'),
    );
    expect(told?.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    expect(fixture.adminsHeard[0]).to.match(/^An event in room .+ could not be handled\. \(Reference \w+\)$/);
    expect(await parked('events')).to.equal(1);
  });

  it('of an upgrade that cannot be followed is told to the administrators alone', async () => {
    fixture.world.rooms.upgradeFault = new RetryableError('not invited');
    const content = { replacement_room: '!new' };
    await fixture.bridge.event({ type: 'm.room.tombstone', room_id: roomId, state_key: '', content });
    await fixture.bridge.pump();
    await hours(3);
    expect(fixture.botSaid(roomId)).to.deep.equal([]);
    expect(fixture.adminsHeard).to.have.length(1);
  });

  it('of the bot’s own words is told in the command room', async () => {
    await fixture.bridge.writes(roomId, 'x'.repeat(2_000));
    await fixture.bridge.pump('events');
    fixture.world.sender.fault = new PermanentError('not encrypted');
    await fixture.bridge.step('notices');
    fixture.world.sender.fault = undefined;
    await fixture.bridge.pump();
    expect(fixture.adminsHeard).to.have.length(1);
    expect(fixture.adminsHeard[0]).to.match(
      /^Something could not be shown in room .+\. Is the room still encrypted, and the bot in it\?/,
    );
  });

  it('of the bot’s words in the command room goes no further', async () => {
    await fixture.bridge.writes(COMMAND_ROOM, '!care help');
    await fixture.bridge.pump('events');
    fixture.world.sender.fault = new PermanentError('not encrypted');
    await fixture.bridge.pump();
    expect(await parked('notices')).to.equal(1);
    expect((await fixture.world.stores.notices.depth(Date.now())).waiting).to.equal(0);
  });

  describe('and is retried', () => {
    /** Types a command as an administrator and returns what the command room heard. */
    const command = async (line: string) => {
      const before = fixture.adminsHeard.length;
      await fixture.bridge.writes(COMMAND_ROOM, `!care ${line}`, { sender: ADMIN });
      await fixture.bridge.pump();
      return fixture.adminsHeard.slice(before).join('\n');
    };
    const referenceIn = (words: string) => /\(Reference (\w+)\)/.exec(words)?.[1] ?? '';

    it('by its reference: a patient’s text is put into its room once, in the place that it had', async () => {
      fixture.world.sender.fault = new PermanentError('not encrypted');
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.pump('deliveries');
      fixture.world.sender.fault = undefined;
      await fixture.bridge.pump();
      const [told = ''] = fixture.adminsHeard;
      expect(await command(`parked retry ${referenceIn(told)}`)).to.equal('1 tried again.');
      const { contact } = await fixture.bridge.find(PATIENT);
      expect(fixture.world.sender.said(roomId, contact.ghost)).to.deep.equal(['one']);
      expect(await command(`parked retry ${referenceIn(told)}`)).to.match(/^Nothing is parked under this reference/);
    });

    it('is reported again where it is given up again', async () => {
      fixture.world.sender.fault = new PermanentError('not encrypted');
      await fixture.bridge.patientTexts(PATIENT, 'one');
      await fixture.bridge.pump('deliveries');
      fixture.world.sender.fault = undefined;
      await fixture.bridge.pump();
      const reports = () => fixture.adminsHeard.filter((words) => words.startsWith("A patient's text"));
      await fixture.bridge.writes(COMMAND_ROOM, '!care parked retry all', { sender: ADMIN });
      await fixture.bridge.step('events');
      fixture.world.sender.fault = new PermanentError('not encrypted');
      await fixture.bridge.step('deliveries');
      fixture.world.sender.fault = undefined;
      await fixture.bridge.pump();
      expect(reports()).to.have.length(2);
      expect(await fixture.world.stores.parked.inbox.count()).to.equal(1);
    });

    it('sends what is missing of a text with pictures, also when the homeserver has forgotten the rest', async () => {
      const pictures = await fixture.bridge.conversation(PATIENT, 'granted', 2);
      const fetch = fixture.world.pictures.fetchMedia.bind(fixture.world.pictures);
      let isBroken = true;
      fixture.world.pictures.fetchMedia = async (...asked) => {
        if (isBroken && asked[0].url.endsWith('2')) throw new PermanentError('gone');
        return fetch(...asked);
      };
      const media = ['1', '2'].map((n) => ({ url: `https://carrier.test/${n}`, contentType: 'image/png' }));
      await fixture.bridge.patientTexts(PATIENT, 'look', { line: 2, media });
      await fixture.bridge.pump();
      const sent = () => fixture.world.sender.events.filter(({ as }) => as === pictures.contact.ghost).length;
      expect(sent()).to.equal(2);
      isBroken = false;
      fixture.world.sender.forgetTransactions();
      expect(await command('parked retry all')).to.equal('1 tried again.');
      expect(sent()).to.equal(3);
    });

    it('of a STOP that could not be recorded acts on it (K1)', async () => {
      const { consents } = fixture.world.stores;
      const append = consents.append.bind(consents);
      consents.append = async () => Promise.reject(new PermanentError('damaged'));
      await fixture.bridge.patientTexts(PATIENT, 'STOP');
      await fixture.bridge.pump();
      consents.append = append;
      const reference = referenceIn(fixture.adminsHeard[0] ?? '');
      expect(await command(`parked drop ${reference} no reason`)).to.match(/^Refused: a STOP is never dropped/);
      expect(await command('parked retry all')).to.equal('1 tried again.');
      expect(await fixture.bridge.consentOf(PATIENT)).to.equal('revoked');
    });

    it('of what was written in a room is refused: whoever wrote it was told', async () => {
      const { decrypter, stores } = fixture.world;
      const decrypt = decrypter.decrypt.bind(decrypter);
      decrypter.decrypt = async () => Promise.reject(new PermanentError('gone'));
      await fixture.bridge.event({ type: 'm.room.encrypted', room_id: roomId });
      await fixture.bridge.pump();
      decrypter.decrypt = decrypt;
      const [row] = await stores.parked['matrix-events'].list(0, 1);
      expect(await command(`parked retry ${row!.reference}`)).to.match(
        /^Not tried again \(1\): what was written in a room is not handled again/,
      );
      expect(await stores.parked['matrix-events'].count()).to.equal(1);
    });

    it('after an unknown outcome is refused, whatever is typed, and nothing leaves twice', async () => {
      fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'broke off' });
      await fixture.bridge.writes(roomId, 'secret words');
      await fixture.bridge.pump();
      const reference = referenceIn(fixture.botSaid(roomId)[0] ?? '');
      for (const line of [`parked retry ${reference}`, `parked retry ${reference.toUpperCase()} --dry-run`]) {
        expect(await command(line)).to.match(
          /^Refused: nobody can tell whether this text reached the patient, so it is never sent again by command\./,
        );
      }
      expect(await command('parked retry all')).to.equal('Nothing is parked.');
      await hours(5);
      expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['secret words']);
    });
  });
});
