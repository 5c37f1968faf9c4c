/** Nurse and patient text each other: what each of them sees, and what must never leave. */
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { BOT, Chat, LINE_NUMBER, newNumber } from './support/chat.ts';
import { expectWarning, unexpectedWarnings } from './support/shields.ts';
import { callAs, roomPath, startTestClinic } from './support/test-clinic.ts';

/** Something that starts like a PNG. */
const PICTURE = new Uint8Array([
  0x89,
  0x50,
  0x4e,
  0x47,
  0x0d,
  0x0a,
  0x1a,
  0x0a,
  ...Buffer.from('planted picture content '.repeat(20)),
]);

describe('conversation', function () {
  this.timeout(60_000);
  let clinic: Clinic;
  let nurse: Nurse;
  let commandRoom: string;
  const open = (options = {}): Promise<Chat> => Chat.open(clinic, nurse, commandRoom, options);

  before(async function () {
    clinic = await startTestClinic(this);
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
  });

  afterEach(() => {
    clinic.carrier.setMode('normal');
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    expect(clinic.carrier.doubled()).to.deep.equal([]);
  });

  after(async () => {
    await clinic?.close();
  });

  describe('carries texts', () => {
    it('both ways after YES, with a receipt when the phone has it, and nothing but the warning before (J1, J2, K8)', async () => {
      const chat = await open({ name: 'Maria Lopez', consented: false });
      const [warning = ''] = chat.phoneTexts();
      for (const part of ['Mercy Clinic', 'YES', 'STOP', 'HELP', 'Msg & data rates may apply', 'risk']) {
        expect(warning).to.include(part);
      }
      expect(await chat.refused('too early')).to.include('has not answered YES yet');
      await chat.agree();
      const event = await chat.nurseSays('Can you come on Monday at 9?');
      await chat.delivered(event);
      await chat.patientSays('Monday is fine, thank you! 😀');
      expect(chat.phoneTexts()).to.deep.equal([warning, 'Can you come on Monday at 9?']);
      expect(chat.fromPatient()).to.deep.equal(['YES', 'Monday is fine, thank you! 😀']);
    });

    it('shows the card first: name, masked number, and that SMS is not encrypted (E6)', async () => {
      const chat = await open({ name: 'Ann Brown', consented: false });
      const card = await chat.botSays('Ann Brown');
      const [first] = nurse.events.messages(chat.room);
      expect(first?.eventId).to.equal(card.eventId);
      expect(card.shield).to.equal('none');
      const body = String(card.content['body']);
      expect(body)
        .to.include(`•••${chat.number.slice(-4)}`)
        .and.to.include('not encrypted beyond this point');
      expect(body).not.to.include(chat.number.slice(2, -4));
    });

    it('labels what came by SMS (E6)', async () => {
      const chat = await open();
      const event = await chat.patientSays('labelled');
      expect(event.content['org.carebridge.channel']).to.equal('sms');
    });

    it('opens a room for an unknown number that texts in, and asks for consent once (J1)', async () => {
      const number = newNumber();
      await clinic.carrier.sendFromPatient({ from: number, to: LINE_NUMBER, text: 'Are you open today?' });
      const room = await clinic.joinNextConversation(nurse);
      const chat = new Chat(clinic, nurse, number, room);
      await chat.nurseReads('Are you open today?');
      await chat.phoneGets('Reply YES');
      expect(await chat.refused('yes we are')).to.include('has not answered YES yet');
      await chat.patientSays('hello?');
      await chat.agree();
      await chat.nurseSays('yes we are open');
      expect(chat.phoneTexts()).to.have.length(2);
      const first = nurse.events.messages(room)[0];
      expect(String(first?.content['body']))
        .to.include('Name not known')
        .and.to.include(`•••${number.slice(-4)}`);
    });

    it('takes texts as they are: lines, quotes, emoji, other scripts, a long one', async () => {
      const chat = await open();
      const texts = [
        'two\nlines',
        '<b>"quoted" & \'so\'</b>',
        '👩‍⚕️👍🏽',
        'Привет, 你好, مرحبا',
        'long '.repeat(290).trim(),
      ];
      for (const text of texts) {
        await chat.nurseSays(text);
        await chat.patientSays(`re: ${text}`);
      }
      expect(chat.phoneTexts().slice(1)).to.deep.equal(texts);
    });

    it('carries pictures both ways, encrypted at the homeserver (E2)', async () => {
      const chat = await open();
      await nurse.sendImage(chat.room, PICTURE);
      const sent = await clinic.carrier.waitForText(chat.number, ({ pictures }) => pictures.length === 1);
      const onPhone = clinic.carrier.phones.picture(sent.pictures[0]?.id ?? '');
      expect(onPhone?.contentType).to.equal('image/png');
      expect(Buffer.from(onPhone?.bytes ?? []).equals(PICTURE)).to.equal(true);

      await chat.patientTexts('', [{ contentType: 'image/png', bytes: PICTURE }]);
      const image = await nurse.waitForMessage(
        chat.room,
        ({ sender, content }) => sender === chat.ghost && content['msgtype'] === 'm.image',
      );
      expect(image.shield).to.equal('none');
      expect(image.content['body']).to.equal('picture.png');
      expect(Buffer.from(await nurse.download(image)).equals(PICTURE)).to.equal(true);
      expect(image.content['url']).to.equal(undefined);
      const { url } = image.content['file'] as { url: string };
      const stored = await fetch(
        nurse.client.mxcUrlToHttp(url, undefined, undefined, undefined, undefined, true, true) ?? '',
        {
          headers: { authorization: `Bearer ${nurse.client.getAccessToken()}` },
        },
      );
      expect(Buffer.from(await stored.arrayBuffer()).includes('planted')).to.equal(false);
    });
  });

  describe('obeys the patient', () => {
    it('NO: nothing more is sent (J1)', async () => {
      const chat = await open({ consented: false });
      await chat.patientTexts('No.');
      await chat.botSays('texts are declined');
      expect(await chat.refused('but please')).to.include('declined');
      expect(chat.phoneTexts()).to.have.length(1);
    });

    it('STOP: one confirmation, the next message refused with the reason, START asks again and gives no consent back (K1, K3, K4, K6)', async () => {
      const chat = await open();
      await chat.patientTexts(' "Stop" ');
      await chat.phoneGets('no more texts');
      await chat.botSays('opted out (STOP)');
      expect(await chat.refused('one more thing')).to.include('opted out of texts (STOP). Call instead.');
      await chat.patientTexts('STOP');
      await chat.patientTexts('YES');
      expect(await chat.refused('another thing')).to.include('opted out of texts (STOP)');

      await chat.patientTexts('Start');
      await chat.botSays('contact is restored');
      await clinic.carrier.waitForText(chat.number, () => warnings(chat) === 2);
      expect(await chat.refused('after start')).to.include('has not answered YES yet');
      await chat.patientTexts('yes');
      await chat.nurseSays('welcome back');
      const texts = chat.phoneTexts();
      expect(texts.filter((text) => text.includes('no more texts'))).to.have.length(1);
      expect(texts.filter((text) => /thing|after start/.test(text))).to.deep.equal([]);
    });

    it('HELP: always answered, also after STOP (K7)', async () => {
      const chat = await open();
      await chat.patientTexts('STOP');
      await chat.phoneGets('no more texts');
      await chat.patientTexts('Help');
      expect((await chat.phoneGets('For help contact')).text).to.include('+1 212 555 0100');
    });
  });

  describe('keeps commands in the room', () => {
    it('answers help, who and consent, and sends neither these nor mistyped nor unknown ones to the patient', async () => {
      const chat = await open({ name: 'Carl Jung' });
      expect(await chat.refused('!care help')).to.include('!care text <number>');
      expect(await chat.refused('!care who'))
        .to.include('Carl Jung')
        .and.to.include('granted');
      expect(await chat.refused('!care consent show')).to.include('granted (sms, patient');
      expect(await chat.refused('!care consent revoke asked on the phone')).to.include('Revoked');
      expect(await chat.refused('not now')).to.include('opted out');
      expect(await chat.refused('!care consent record verbal wants texts')).to.include('Only the patient can undo');
      for (const typed of [
        '!care frobnicate',
        '!care',
        '!CARE Help',
        '!cart text',
        ' !care who',
        '! care help',
        '/care help',
      ]) {
        await chat.refused(typed);
      }
      await chat.patientTexts('START');
      await clinic.carrier.waitForText(chat.number, () => warnings(chat) === 2);
      await chat.patientTexts('YES');
      await chat.nurseSays('an ordinary text!');
      expect(
        chat.phoneTexts().filter((text) => /care|help|phone|not now/i.test(text.replace(/^Mercy.*/s, ''))),
      ).to.deep.equal([]);
    });

    it('records verbal consent with its evidence, after which texts leave (J2)', async () => {
      const chat = await open({ consented: false });
      await nurse.send(commandRoom, `!care consent ${chat.number} record verbal told of the risk, wants texts`);
      await nurse.waitForMessage(commandRoom, ({ content }) => String(content['body']).startsWith('Recorded'));
      await chat.nurseSays('as agreed on the phone');
      expect(await chat.refused('!care consent show')).to.include(`granted (verbal, ${nurse.userId}`);
    });

    it('keeps somebody outside the team out, whoever asked them in (A2, A5)', async () => {
      const chat = await open();
      const outsider = await clinic.login('outsider');
      for (const room of [commandRoom, chat.room]) {
        await callAs(clinic, BOT, 'POST', roomPath(room, '/invite'), { user_id: outsider.userId });
        const membership = roomPath(room, `/state/m.room.member/${encodeURIComponent(outsider.userId)}`);
        await waitFor('the invitation to be withdrawn', async () => {
          const member = await callAs(clinic, BOT, 'GET', membership);
          return (member as { membership?: string }).membership === 'leave';
        });
      }
      await chat.nurseSays('from the inside');
      expect(chat.phoneTexts()).to.include('from the inside');
    });
  });

  describe('says what did not go out', () => {
    it('a carrier’s refusal, in a reply with the reason and what to do', async () => {
      const chat = await open();
      clinic.carrier.setMode('refuse');
      expect(await chat.refused('not for you'))
        .to.include('was not sent')
        .and.to.include('Call instead');
      clinic.carrier.setMode('normal');
      await chat.nurseSays('for you');
      expect(chat.phoneTexts()).not.to.include('not for you');
    });

    it('a delivery that failed later, in a reply with the reason', async () => {
      const chat = await open();
      clinic.carrier.setMode('undeliverable');
      expect(await chat.refused('out of reach'))
        .to.include('was not delivered')
        .and.to.include('could not be reached');
    });

    it('nothing while the carrier is down: the texts leave once it is up, in order', async () => {
      const chat = await open();
      clinic.carrier.setMode('down');
      const called = clinic.carrier.waitForCall();
      for (const text of ['first', 'second', 'third']) await nurse.send(chat.room, text);
      await called;
      clinic.carrier.setMode('normal');
      await chat.phoneGets('third', 30_000);
      expect(chat.phoneTexts().slice(1)).to.deep.equal(['first', 'second', 'third']);
    });

    it('a broken connection as unknown, once, and does not repeat the text', async () => {
      const chat = await open();
      clinic.carrier.setMode('drop');
      const event = await nurse.send(chat.room, 'did it arrive?');
      expect(await chat.botReplies(event)).to.include('may or may not have reached');
      clinic.carrier.setMode('normal');
      await chat.nurseSays('again');
      expect(chat.phoneTexts().slice(1)).to.deep.equal(['did it arrive?', 'again']);
      expect(chat.repliesTo(event)).to.have.length(1);
    });

    it('edits, stickers and reactions; answers go out without what they quote', async () => {
      const chat = await open();
      const event = await chat.nurseSays('first version');
      const edit = await nurse.edit(chat.room, event, 'second version');
      expect(await chat.botReplies(edit)).to.include('cannot be changed after it was sent');
      const sticker = await nurse.sendContent(chat.room, 'm.sticker', {
        body: 'smile',
        url: 'mxc://hospital.test/x',
        info: {},
      });
      expect(await chat.botReplies(sticker)).to.include('sticker');
      const reaction = await nurse.react(chat.room, event, '👍');
      expect(await chat.botReplies(reaction)).to.include('the patient does not see them');
      await nurse.react(chat.room, event, '🎉');
      await nurse.reply(chat.room, event, '> <@nurse:hospital.test> first version\n\nthe answer');
      await chat.phoneGets('the answer');
      expect(chat.phoneTexts().slice(1)).to.deep.equal(['first version', 'the answer']);
      const hints = nurse.events
        .messages(chat.room)
        .filter(({ content }) => String(content['body']).startsWith('Reactions'));
      expect(hints).to.have.length(1);
    });

    it('a removed message: stopped where it has not left, and said where it has', async () => {
      const chat = await open();
      const event = await chat.nurseSays('already there');
      await nurse.redact(chat.room, event);
      await chat.botSays('cannot be called back');
      clinic.carrier.setMode('down');
      const called = clinic.carrier.waitForCall();
      await nurse.send(chat.room, 'waits for the carrier');
      const regretted = await nurse.send(chat.room, 'regretted');
      await called;
      await nurse.redact(chat.room, regretted);
      await chat.botSays('removed before it was sent');
      clinic.carrier.setMode('normal');
      await chat.phoneGets('waits for the carrier', 30_000);
      await chat.nurseSays('the end');
      expect(chat.phoneTexts().slice(1)).to.deep.equal(['already there', 'waits for the carrier', 'the end']);
    });

    it('a message that was not encrypted (E1)', async () => {
      const chat = await open();
      const answer = await fetch(`${clinic.synapse.url}${roomPath(chat.room, '/send/m.room.message/plain-1')}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${nurse.client.getAccessToken()}` },
        body: JSON.stringify({ msgtype: 'm.text', body: 'in the clear' }),
      });
      const { event_id: event } = (await answer.json()) as { event_id: string };
      expect(await chat.botReplies(event)).to.include('it was not encrypted');
      await chat.nurseSays('encrypted');
      expect(chat.phoneTexts()).not.to.include('in the clear');
      expectWarning(event);
    });
  });
});

function warnings(chat: Chat): number {
  return chat.phoneTexts().filter((text) => text.includes('Reply YES')).length;
}
