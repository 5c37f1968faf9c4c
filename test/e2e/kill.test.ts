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
import { Chat } from './support/chat.ts';
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
/** In some lives the carrier takes so long to answer, so that some kills fall into a send. */
const SLOW_MS = 150;
const UNKNOWN = 'may or may not have reached';

describe('kill -9', function () {
  this.timeout(60_000 + KILLS * 20_000);
  const random = seededRandom(SEED);
  let clinic: Clinic;
  let nurse: Nurse;
  let chats: Chat[];

  before(async function () {
    clinic = await startTestClinic(this, { carrier: { slowMs: SLOW_MS } });
    nurse = await clinic.login('nurse');
    const commandRoom = await clinic.joinCommandRoom(nurse);
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
    expect(clinic.carrier.doubled(), 'doubled at the carrier').to.deep.equal([]);
    expect(unexpectedWarnings(nurse)).to.deep.equal([]);
    const title = `seed ${SEED}, ${unknown} reported unknown, of which ${unknownAndThere} had reached the phone; ${seconds} s from the last start to the end`;
    if (this.test) this.test.title += `: ${title}`;
  });

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
      timeoutMs: 60_000,
      instead: () => `seed ${SEED}, missing: ${missing().join(' | ')}\n${clinic.bridge.lastLines()}`,
    });
  }
});

function numberFrom(name: string, otherwise: number): number {
  return Number(process.env[name] || otherwise);
}
