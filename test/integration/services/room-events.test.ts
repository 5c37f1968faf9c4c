import { expect } from 'chai';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import {
  CLERK,
  COMMAND_ROOM,
  GHOST,
  KEY_NOTICE_AFTER_MS,
  NAMESPACE,
  NURSE,
  VISITOR,
} from '../../support/fakes/test-bridge.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

describe('room events', () => {
  let fixture: ServicesFixture;
  let roomId: RoomId;
  beforeEach(async () => {
    fixture = await ServicesFixture.create();
    roomId = (await fixture.bridge.conversation(PATIENT)).roomId;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const told = () => fixture.botSaid(roomId);
  const happens = async (...args: Parameters<typeof fixture.bridge.event>) => {
    const eventId = await fixture.bridge.event(...args);
    await fixture.bridge.pump();
    return eventId;
  };
  const redacts = (eventId: EventId, how: 'top' | 'content' = 'content') =>
    happens({
      type: 'm.room.redaction',
      room_id: roomId,
      ...(how === 'top' ? { redacts: eventId } : { content: { redacts: eventId } }),
    });
  const keyComes = async (eventId: EventId, body: string) => {
    const content = { msgtype: 'm.text', body };
    fixture.world.decrypter.knows(eventId, { outcome: 'clear', type: 'm.room.message', content });
    await fixture.world.stores.events.wake(roomId);
    await fixture.bridge.pump();
  };

  describe('an event whose key has not come', () => {
    let eventId: EventId;
    beforeEach(async () => void (eventId = await happens({ type: 'm.room.encrypted', room_id: roomId })));

    it('holds the order for a while, in silence', async () => {
      await fixture.writes(roomId, 'second');
      await fixture.after(KEY_NOTICE_AFTER_MS - 1_000);
      expect([fixture.received(), told()]).to.deep.equal([[], []]);
      await keyComes(eventId, 'first');
      expect([fixture.received(), told()]).to.deep.equal([['first', 'second'], []]);
    });

    it('does not hold up other rooms', async () => {
      const other = await fixture.bridge.conversation('+12125550111');
      await fixture.writes(other.roomId, 'elsewhere');
      expect(fixture.world.plain.textsTo('+12125550111')).to.deep.equal(['elsewhere']);
    });

    it('is told after a while, once, and set aside: later messages go on', async () => {
      await fixture.bridge.writes(roomId, 'second');
      await fixture.after(KEY_NOTICE_AFTER_MS);
      for (let minute = 0; minute < 5; minute++) await fixture.after(60_000);
      await fixture.restart();
      await fixture.after(60_000);
      expect(fixture.received()).to.deep.equal(['second']);
      expect(told()).to.have.length(1);
      const notice = fixture.world.sender.events.at(-1)!;
      expect(notice.content['body']).to.match(
        /^This message cannot be read yet: its key has not come\. It has not been sent yet\./,
      );
      expect(notice.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
    });

    it('is sent when its key comes, and what was told is withdrawn, once', async () => {
      await fixture.after(KEY_NOTICE_AFTER_MS);
      const notice = fixture.world.sender.events.at(-1)!;
      await fixture.after(10 * 60_000);
      await keyComes(eventId, 'first');
      await keyComes(eventId, 'first');
      await fixture.restart();
      await fixture.after(10 * 60_000);
      expect(fixture.received()).to.deep.equal(['first']);
      expect(fixture.world.sender.redactions).to.deep.equal([{ roomId, eventId: notice.eventId }]);
    });

    it('has nothing withdrawn where nothing was told', async () => {
      await keyComes(eventId, 'first');
      expect(fixture.world.sender.redactions).to.deep.equal([]);
    });

    it('is never sent where it was removed meanwhile', async () => {
      await fixture.after(KEY_NOTICE_AFTER_MS);
      await redacts(eventId);
      await keyComes(eventId, 'first');
      await fixture.after(10 * 60_000);
      expect(fixture.received()).to.deep.equal([]);
    });

    it('turns out to be broken or from an unverified device: said, and the earlier notice withdrawn', async () => {
      await fixture.after(KEY_NOTICE_AFTER_MS);
      fixture.world.decrypter.knows(eventId, { outcome: 'broken' });
      await fixture.after(60_000);
      expect(told().at(-1)).to.match(/^Not sent: it could not be decrypted/);
      expect(fixture.world.sender.redactions).to.have.length(1);
    });
  });

  it('whose key has not come in a week is given up: said once more, and its words are no longer kept', async () => {
    const eventId = await happens({ type: 'm.room.encrypted', room_id: roomId });
    await fixture.after(KEY_NOTICE_AFTER_MS);
    const notice = fixture.world.sender.events.at(-1)!;
    await fixture.after(8 * 24 * 3_600_000);
    await fixture.after(60_000);
    expect(told().at(-1)).to.match(/^Not sent: its key never came/);
    expect(fixture.world.sender.redactions).to.deep.equal([{ roomId, eventId: notice.eventId }]);
    await keyComes(eventId, 'too late');
    expect(fixture.received()).to.deep.equal([]);
    expect(told()).to.have.length(2);
  });

  it('from an unverified device are refused in a reply, text and command alike (M1)', async () => {
    for (const room of [roomId, COMMAND_ROOM]) {
      const eventId = `$untrusted-${room}` as EventId;
      fixture.world.decrypter.knows(eventId, { outcome: 'untrusted' });
      await happens({ type: 'm.room.encrypted', room_id: room, event_id: eventId });
    }
    expect(fixture.received()).to.deep.equal([]);
    for (const words of [told(), fixture.adminsHeard]) {
      expect(words).to.have.length(1);
      expect(words[0]).to.match(/^Not sent: this device is not verified.*then send it again\. \(Reference/);
    }
  });

  it('that cannot be decrypted are said to be so', async () => {
    fixture.world.decrypter.knows('$broken' as EventId, { outcome: 'broken' });
    await happens({ type: 'm.room.encrypted', room_id: roomId, event_id: '$broken' as EventId });
    expect(told()[0]).to.match(/^Not sent: it could not be decrypted\. Send it again\./);
  });

  it('in the clear are not sent and not run as commands (E1)', async () => {
    for (const body of ['PHI', '!care consent revoke x']) {
      await happens({ type: 'm.room.message', room_id: roomId, content: { msgtype: 'm.text', body } });
    }
    expect([fixture.received(), await fixture.bridge.consentOf(PATIENT)]).to.deep.equal([[], 'granted']);
    expect(told()).to.have.length(2);
    expect(told()[0]).to.match(/^Not sent: it was not encrypted/);
    expect(told()[1]).to.match(/^Refused: this room is not encrypted/);
  });

  describe('a removal', () => {
    for (const how of ['top', 'content'] as const) {
      it(`stops a text that has not left (${how === 'top' ? 'rooms up to version 10' : 'rooms from version 11 on'})`, async () => {
        const eventId = await fixture.bridge.writes(roomId, 'wrong patient');
        await fixture.bridge.pump('events');
        await redacts(eventId, how);
        await fixture.after(60_000);
        expect(fixture.received()).to.deep.equal([]);
        expect(told()).to.deep.equal(['The message was removed before it was sent: the patient does not get it.']);
      });
    }

    it('stops a text that waits for another try', async () => {
      fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'down' });
      const eventId = await fixture.writes(roomId, 'wrong patient');
      await redacts(eventId);
      await fixture.after(60_000);
      expect(fixture.world.plain.calls).to.have.length(1);
      expect(told()[0]).to.match(/^The message was removed before it was sent/);
    });

    it('cannot call back what has left, and says so once', async () => {
      const eventId = await fixture.writes(roomId, 'wrong patient');
      await redacts(eventId);
      expect(told()).to.have.length(1);
      expect(told()[0]).to.match(/^The message was removed here only: a text that was sent cannot be called back/);
    });

    it('claims nothing wrong where it comes while the carrier is taking the text', async () => {
      fixture.world.plain.answers.push(async ({ id }) => {
        const row = await fixture.world.stores.outbox.find(id);
        await fixture.bridge.event({ type: 'm.room.redaction', room_id: roomId, content: { redacts: row!.eventId } });
        await fixture.bridge.pump('events');
        return { outcome: 'accepted' };
      });
      await fixture.writes(roomId, 'wrong patient');
      expect(told()).to.have.length(1);
      expect(told()[0]).to.match(/^The message was removed here only/);
      expect((await fixture.world.stores.outbox.find(fixture.world.plain.calls[0]!.id))?.state).to.equal('accepted');
    });

    it('stops a text that the queue has in its hands already', async () => {
      await fixture.bridge.writes(roomId, 'wrong patient');
      await fixture.bridge.pump('events');
      const { outbox } = fixture.world.stores;
      const [row] = await outbox.due(Date.now(), new Set(), 1);
      const cancel = () => outbox.cancel(row!.id);
      await fixture.restart({
        wrap: (name, target) => (name === 'outbox' ? beforeMethod(target, 'markSending', cancel) : target),
      });
      await fixture.bridge.pump();
      expect(fixture.received()).to.deep.equal([]);
    });

    it('of a message that was refused, of another event, or of nothing, says nothing', async () => {
      const refused = await fixture.writes(roomId, 'x'.repeat(2_000));
      const before = told().length;
      for (const eventId of [refused, '$other' as EventId, 'nonsense' as EventId]) await redacts(eventId);
      await happens({ type: 'm.room.redaction', room_id: roomId });
      expect(told()).to.have.length(before);
    });

    it('that came before we were told of the message leaves nothing to send and nothing to say', async () => {
      const unsigned = { redacted_because: { type: 'm.room.redaction' } };
      await happens({ type: 'm.room.encrypted', room_id: roomId, unsigned });
      await fixture.after(KEY_NOTICE_AFTER_MS);
      expect([fixture.received(), told()]).to.deep.equal([[], []]);
    });
  });

  describe('what cannot be texted', () => {
    const edit = { rel_type: 'm.replace', event_id: '$x' };
    const words = { msgtype: 'm.text', body: '* new', 'm.new_content': { msgtype: 'm.text', body: 'new' } };
    const CASES: readonly (readonly [string, { type?: string; content: object }, RegExp])[] = [
      [
        'an edit',
        { content: { ...words, 'm.relates_to': edit } },
        /^Not sent: a text cannot be changed after it was sent/,
      ],
      ['an edit without its relation', { content: words }, /^Not sent: a text cannot be changed after it was sent/],
      ['a sticker', { type: 'm.sticker', content: { body: 'x' } }, /^Not sent: a sticker cannot be texted/],
      ['a poll', { type: 'm.poll.start', content: {} }, /^Not sent: a poll cannot be texted/],
      ['a call', { type: 'm.call.invite', content: {} }, /^Not sent: calls from this room do not reach the patient/],
      [
        'a picture on a line without pictures',
        { content: { msgtype: 'm.image', body: 'x' } },
        /^Not sent: this line cannot send pictures/,
      ],
      [
        'a place',
        { content: { msgtype: 'm.location', body: 'x' } },
        /^Not sent: this kind of message cannot be texted/,
      ],
      ['nothing but spaces', { content: { msgtype: 'm.text', body: ' \n ' } }, /^Not sent: it has no words in it/],
      ['too many words', { content: { msgtype: 'm.text', body: 'x'.repeat(1_531) } }, /^Not sent: it would be 11 SMS/],
    ];
    for (const [what, message, expected] of CASES) {
      it(`is said in a reply: ${what}`, async () => {
        const eventId = await fixture.writes(roomId, '', message);
        expect(fixture.received()).to.deep.equal([]);
        expect(told()).to.have.length(1);
        expect(told()[0])
          .to.match(expected)
          .and.match(/\(Reference \w+\)$/);
        const relation = fixture.world.sender.events.at(-1)!.content['m.relates_to'];
        expect(relation).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
      });
    }

    it('is no edit of a client that tells the relation outside of the encrypted part alone', async () => {
      const content = { msgtype: 'm.text', body: '* new' };
      fixture.world.decrypter.knows('$edit' as EventId, { outcome: 'clear', type: 'm.room.message', content });
      await happens({
        type: 'm.room.encrypted',
        room_id: roomId,
        event_id: '$edit' as EventId,
        content: { 'm.relates_to': edit },
      });
      expect(fixture.received()).to.deep.equal([]);
      expect(told()[0]).to.match(/^Not sent: a text cannot be changed/);
    });

    it('is the quotation in the reply of a client that tells the relation outside alone', async () => {
      const content = { msgtype: 'm.text', body: '> <@x:y> my test was positive\n\nplease call' };
      fixture.world.decrypter.knows('$reply' as EventId, { outcome: 'clear', type: 'm.room.message', content });
      await happens({
        type: 'm.room.encrypted',
        room_id: roomId,
        event_id: '$reply' as EventId,
        content: { 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } } },
      });
      expect(fixture.received()).to.deep.equal(['please call']);
    });

    it('is a reaction: said once to each person', async () => {
      for (const sender of [NURSE, NURSE, CLERK, NURSE]) await happens({ type: 'm.reaction', room_id: roomId, sender });
      await happens({ type: 'm.reaction', room_id: COMMAND_ROOM });
      expect(fixture.received()).to.deep.equal([]);
      expect(told()).to.have.length(2);
      expect(told()[0]).to.match(/^Reactions stay in this room/);
      expect(fixture.adminsHeard).to.deep.equal([]);
    });

    const SILENT: readonly (readonly [string, { type?: string; content: object }])[] = [
      ['a notice of another bot', { content: { msgtype: 'm.notice', body: 'x' } }],
      ['key verification', { type: 'm.key.verification.start', content: {} }],
      ['signalling of a call', { type: 'm.call.candidates', content: {} }],
      ['an answer to a poll', { type: 'm.poll.response', content: {} }],
    ];
    for (const [what, message] of SILENT) {
      it(`goes without saying: ${what}`, async () => {
        await fixture.writes(roomId, '', message);
        expect([fixture.received(), told()]).to.deep.equal([[], []]);
      });
    }
  });

  it('of somebody who is not in the line’s team are refused in a reply', async () => {
    for (const sender of [VISITOR, CLERK, '@nurse:evil.test' as typeof NURSE])
      await fixture.writes(roomId, 'PHI', { sender });
    expect(fixture.received()).to.deep.equal([]);
    expect(told()).to.have.length(3);
    for (const words of told())
      expect(words).to.match(/^Not sent: only the team of line front-desk can text this patient/);
  });

  it('of our own users are nobody’s words', async () => {
    for (const sender of [NAMESPACE.bot, GHOST]) await fixture.writes(roomId, 'PHI', { sender });
    expect([fixture.received(), told()]).to.deep.equal([[], []]);
  });

  it('of other types and in other rooms mean nothing', async () => {
    await happens({ type: 'm.room.topic', room_id: roomId, state_key: '', content: { topic: 'x' } });
    await happens({
      type: 'm.room.message',
      room_id: '!elsewhere' as RoomId,
      content: { msgtype: 'm.text', body: 'x' },
    });
    await happens({ type: 'm.room.member', room_id: roomId, state_key: 'nonsense', content: { membership: 'join' } });
    await happens({ type: 'm.room.member', room_id: roomId, state_key: NURSE, content: { membership: 'leave' } });
    expect([fixture.received(), told(), fixture.world.rooms.left]).to.deep.equal([[], [], []]);
  });
});

/** `target` with `first` run before its method `name`. */
function beforeMethod<T extends object>(target: T, name: string, first: () => Promise<unknown>): T {
  const get = (_: T, property: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, property, target);
    if (typeof value !== 'function') return value;
    const method = value as (...args: unknown[]) => unknown;
    if (property !== name) return method.bind(target);
    return async (...args: unknown[]) => {
      await first();
      return method.apply(target, args);
    };
  };
  return new Proxy(target, { get });
}
