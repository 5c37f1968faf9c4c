/**
 * The bridge is killed (`kill -9`) at random moments while texts go both ways.
 *
 * CAREBRIDGE_KILLS, CAREBRIDGE_KILL_MESSAGES (each way) and CAREBRIDGE_KILL_SEED change how often, how much, and repeat a run.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Clinic } from '../../src/cli/demo/clinic.ts';
import type { Nurse } from '../support/nurse.ts';
import { waitFor } from '../support/wait-for.ts';
import { Chat, LINE_NUMBER, newNumber } from './support/chat.ts';
import { seededRandom } from './support/seeded-random.ts';
import { unexpectedWarnings } from './support/shields.ts';
import { startTestClinic } from './support/test-clinic.ts';

const KILLS = numberFrom('CAREBRIDGE_KILLS', 30);
const MESSAGES = numberFrom('CAREBRIDGE_KILL_MESSAGES', 300);
const SEED = numberFrom('CAREBRIDGE_KILL_SEED', randomInt(1_000_000));
const CONVERSATIONS = 6;
/** A third of the bridge's lives end while it starts; the others so long after it is ready, at most, ms. */
const LONGEST_START_MS = 2_500;
const LONGEST_WORK_MS = 1_500;
/** What has piled up meanwhile is worked off at some ten texts a second, each way. ms. */
const SETTLED_WITHIN_MS = 60_000 + MESSAGES * 200;
/** In some lives the carrier takes so long to answer, so that some kills fall into a send. */
const SLOW_MS = 150;
const UNKNOWN = 'may or may not have reached';
/** In every so manieth life a number that nobody knows texts in, answers and opts out. */
const NEWCOMER_EVERY = 3;
const WARNING = 'Reply YES';
/** Said where the STOP came after the warning was queued. */
const OVERTAKEN = 'The risk warning to the patient was not sent';
const CONFIRMATION = 'no more texts';

describe('kill -9', function () {
  this.timeout(60_000 + KILLS * 20_000 + SETTLED_WITHIN_MS);
  const random = seededRandom(SEED);
  let clinic: Clinic;
  let nurse: Nurse;
  let commandRoom: string;
  let chats: Chat[];

  before(async function () {
    clinic = await startTestClinic(this, { carrier: { slowMs: SLOW_MS } });
    nurse = await clinic.login('nurse');
    commandRoom = await clinic.joinCommandRoom(nurse);
    chats = [];
    for (let index = 0; index < CONVERSATIONS; index++) chats.push(await Chat.open(clinic, nurse, commandRoom));
  });

  after(async () => {
    await clinic?.close();
  });

  it(`${KILLS} times during ${MESSAGES} messages each way loses none, doubles none and keeps their order`, async function () {
    const out = new Map(chats.map((chat) => [chat, [] as { text: string; eventId: string }[]]));
    const sent = new Map(chats.map((chat) => [chat, [] as string[]]));
    const sending: Promise<unknown>[] = [];
    const writing = new Map<Chat, Promise<void>>();

    const newcomers: string[] = [];
    /** Room, card, warning, consent, opt-out and its one confirmation, whatever moment the bridge dies at. */
    async function newcomer(): Promise<void> {
      const number = newNumber();
      newcomers.push(number);
      const texts = (text: string) => clinic.carrier.sendFromPatient({ from: number, to: LINE_NUMBER, text });
      await texts(helloOf(number));
      // One that a death made unknown never comes.
      await clinic.carrier.waitForText(number, ({ text }) => text.includes(WARNING), 15_000).catch(() => undefined);
      await texts('YES');
      await texts('STOP');
    }

    /** One message each way in some conversation; of one conversation one after another. */
    function message(index: number): void {
      const chat = chats[Math.floor(random() * chats.length)] as Chat;
      const [there, back] = [`to the patient, ${index}`, `from the patient, ${index}`];
      sent.get(chat)?.push(back);
      sending.push(chat.patientTexts(back));
      const write = (writing.get(chat) ?? Promise.resolve()).then(async () => {
        out.get(chat)?.push({ text: there, eventId: await nurse.send(chat.room, there) });
      });
      writing.set(chat, write);
      sending.push(write);
    }

    let next = 0;
    await clinic.bridge.kill9();
    for (let life = 1; life <= KILLS; life++) {
      await clinic.bridge.spawn();
      clinic.carrier.setMode(random() < 0.5 ? 'slow' : 'normal');
      if (life % NEWCOMER_EVERY === 0) sending.push(newcomer());
      const isAtWork = random() < 2 / 3;
      const lifeMs = random() * (isAtWork ? LONGEST_WORK_MS : LONGEST_START_MS);
      if (isAtWork) await clinic.bridge.waitUntilReady();
      const share = Math.floor((MESSAGES * life) / KILLS) - next;
      const pauses = Array.from({ length: share }, () => random() * lifeMs).sort((a, b) => a - b);
      const began = Date.now();
      for (const at of pauses) {
        await sleep(Math.max(0, began + at - Date.now()));
        message(next++);
      }
      await sleep(Math.max(0, began + lifeMs - Date.now()));
      if (!clinic.bridge.isRunning) throw new Error(`The bridge ended by itself.\n${clinic.bridge.lastLines()}`);
      await clinic.bridge.kill9();
    }
    clinic.carrier.setMode('normal');
    const lastStart = performance.now();
    await clinic.bridge.start();
    await Promise.all(sending);

    for (const chat of chats) await settled(chat, out.get(chat) ?? [], sent.get(chat) ?? []);
    const seconds = ((performance.now() - lastStart) / 1000).toFixed(1);
    let unknown = 0;
    let unknownAndThere = 0;
    for (const chat of chats) {
      const written = out.get(chat) ?? [];
      // Answers of earlier texts (YES) come before.
      expect(chat.fromPatient().slice(1), 'in the room').to.deep.equal(sent.get(chat));
      const phone = chat.phoneTexts().slice(1);
      const lost = new Set(written.filter(({ text }) => !phone.includes(text)));
      const reported = new Set(written.filter(({ eventId }) => chat.repliesTo(eventId).length > 0));
      for (const each of reported) {
        expect(chat.repliesTo(each.eventId)).to.have.length(1);
        expect(chat.repliesTo(each.eventId)[0]).to.include(UNKNOWN);
      }
      expect(
        [...lost].filter((each) => !reported.has(each)),
        'lost and not reported',
      ).to.deep.equal([]);
      expect(phone, 'on the phone').to.deep.equal(written.filter((each) => !lost.has(each)).map(({ text }) => text));
      unknown += reported.size;
      unknownAndThere += reported.size - lost.size;
    }
    for (const chat of chats) {
      const reached = (out.get(chat) ?? []).findLast(({ text, eventId }) => {
        return chat.phoneTexts().includes(text) && chat.repliesTo(eventId).length === 0;
      });
      if (reached !== undefined) await chat.delivered(reached.eventId);
    }
    const automaticUnknown = await expectNewcomers(newcomers);
    expect(clinic.carrier.doubled(), 'doubled at the carrier').to.deep.equal([]);
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    const title = `seed ${SEED}, ${newcomers.length} newcomers with ${automaticUnknown} automatic texts reported unknown, ${unknown} reported unknown, of which ${unknownAndThere} had reached the phone; ${seconds} s from the last start to the end`;
    if (this.test) this.test.title += `: ${title}`;
  });

  /** Each has one room with everything once and in order. Returns how many automatic texts were reported unknown. */
  async function expectNewcomers(numbers: readonly string[]): Promise<number> {
    const rooms: string[] = [];
    while (rooms.length < numbers.length)
      rooms.push(await nurse.join(await nurse.waitForInvite((roomId) => !rooms.includes(roomId))));
    const hellos: string[] = [];
    // Whoever opted out before the hello was handled is not warned any more, and has it on the card instead.
    let overtaken = 0;
    for (const room of rooms) {
      const chat = new Chat(clinic, nurse, '', room);
      await chat.nurseReads('STOP');
      // The card says it where the opt-out was there before the room.
      await chat.botSays('opted out (STOP)');
      const [hello = '', ...rest] = chat.fromPatient();
      hellos.push(hello);
      expect(rest).to.deep.equal(['YES', 'STOP']);
      const said = nurse.events.messages(room).map(({ content }) => String(content['body']));
      const told = said.filter((body) => body.startsWith('The patient opted out')).length;
      expect(told).to.be.at.most(1);
      overtaken += 1 - told;
      expect(said.filter((body) => body.includes('What you write here goes out as SMS'))).to.have.length(1);
    }
    expect(hellos.toSorted()).to.deep.equal(numbers.map(helloOf).toSorted());
    const reports = (words: string) =>
      [...rooms, commandRoom]
        .flatMap((room) => nurse.events.messages(room))
        .filter(({ content }) => String(content['body']).includes(words)).length;
    await waitFor(
      'every automatic text to be on a phone or reported',
      () => missingTexts(numbers) <= overtaken + reports(UNKNOWN) + reports(OVERTAKEN),
      { instead: () => `seed ${SEED}, ${missingTexts(numbers)} missing\n${clinic.bridge.lastLines()}` },
    );
    return reports(UNKNOWN);
  }

  /** How many warnings and confirmations are on no newcomer's phone. None is there twice. */
  function missingTexts(numbers: readonly string[]): number {
    let missing = 0;
    for (const number of numbers) {
      const phone = clinic.carrier.texts(number).filter(({ direction }) => direction === 'to-patient');
      for (const part of [WARNING, CONFIRMATION]) {
        const count = phone.filter(({ text }) => text.includes(part)).length;
        expect(count, `${part} on a newcomer’s phone`).to.be.at.most(1);
        missing += 1 - count;
      }
    }
    return missing;
  }

  /** Waits until every text is where it belongs, or is reported. */
  async function settled(
    chat: Chat,
    written: readonly { text: string; eventId: string }[],
    sent: readonly string[],
  ): Promise<void> {
    const missing = (): string[] => {
      const phone = new Set(chat.phoneTexts());
      const room = new Set(chat.fromPatient());
      return [
        ...sent.filter((text) => !room.has(text)),
        ...written
          .filter(({ text, eventId }) => !phone.has(text) && chat.repliesTo(eventId).length === 0)
          .map(({ text }) => text),
      ];
    };
    await waitFor('every message to arrive', () => missing().length === 0, {
      timeoutMs: SETTLED_WITHIN_MS,
      instead: () => `seed ${SEED}, missing: ${missing().join(' | ')}\n${clinic.bridge.lastLines()}`,
    });
  }
});

function helloOf(number: string): string {
  return `hello from one whose number ends with ${number.slice(-4)}`;
}

function numberFrom(name: string, otherwise: number): number {
  return Number(process.env[name] || otherwise);
}
