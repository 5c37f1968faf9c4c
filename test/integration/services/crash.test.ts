import { expect } from 'chai';
import type { DeliveryState } from '../../../src/model/delivery.ts';
import type { EventId, RoomId } from '../../../src/model/ids.ts';
import { parsePhoneNumber } from '../../../src/model/phone-number.ts';
import { Crash, CrashPoint } from '../../support/fakes/crash-point.ts';
import { addSecurityRoom, SECURITY_ROOM } from '../../support/fakes/security-room.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import {
  ADMIN,
  COMMAND_ROOM,
  LINES,
  NAMESPACE,
  NURSE,
  TestBridge,
  TEXTS,
  newWorld,
  type World,
} from '../../support/fakes/test-bridge.ts';
import { openTestStores, type TestStores } from './test-stores.ts';

/** What one run of a story works on: names of its own, so that many runs share a database. */
interface Run {
  readonly world: World;
  readonly bridge: TestBridge;
  readonly patient: string;
  /** Unique to the run. */
  readonly tag: string;
}

/** Something that happens, and what must be true whenever the process died meanwhile and was started again. */
interface Story {
  readonly name: string;
  /** Before the process that will die. */
  prepare?(run: Run): Promise<unknown>;
  /** Told to the bridge by the outside; repeated to the next process, as carriers and homeservers do. */
  happens(run: Run): Promise<unknown>;
  /** After the next process has done its work. */
  holds(run: Run): Promise<void>;
}

const roomOf = async ({ bridge, patient }: Run) => (await bridge.find(patient)).roomId!;
const bodies = (run: Run, roomId: RoomId) => run.world.sender.said(roomId);
const count = (list: readonly string[], wanted: string | RegExp) =>
  list.filter((body) => (typeof wanted === 'string' ? body === wanted : wanted.test(body))).length;
const idOf = ({ tag }: Run, name = 'event') => `$${name}-${tag}` as EventId;
const MAY_HAVE = /may or may not have reached/;
/** How often a text was sent, and how often it was said that nobody can tell. */
const ACCOUNTED_FOR = ['1 0', '1 1', '0 1'];

const repliesTo = (content: Readonly<Record<string, unknown>>): unknown =>
  (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id;

/** A text reached the carrier at most once; where the bridge cannot tell, it has said so, once. */
async function expectAccountedFor(run: Run, text: string): Promise<void> {
  const sent = count(run.world.plain.textsTo(run.patient), text);
  const said = count(bodies(run, await roomOf(run)), MAY_HAVE);
  expect(ACCOUNTED_FOR, `sent ${sent}, said to be unknown ${said}: ${text}`).to.include(`${sent} ${said}`);
}

const STORIES: readonly Story[] = [
  {
    name: 'a known patient texts',
    prepare: ({ bridge, patient }) => bridge.conversation(patient),
    happens: ({ bridge, patient, tag }) => bridge.patientTexts(patient, 'hello', { id: tag }),
    async holds(run) {
      expect(count(bodies(run, await roomOf(run)), 'hello')).to.equal(1);
    },
  },
  {
    name: 'an unknown number texts and the nurse joins',
    happens: ({ bridge, patient, tag }) => bridge.patientTexts(patient, 'hello', { id: tag }),
    async holds(run) {
      const roomId = await roomOf(run);
      expect(bodies(run, roomId)).to.deep.equal([]);
      await run.bridge.joins(roomId);
      await run.bridge.pump();
      expect(bodies(run, roomId).map((body) => body.split(',')[0])).to.deep.equal(['Name not known', 'hello']);
      const named = [...run.world.rooms.rooms.values()].filter(
        ({ plan }) => plan.key === run.world.rooms.rooms.get(roomId)?.plan.key,
      );
      expect(named).to.have.length(1);
    },
  },
  {
    name: 'the room of a known patient was deleted, the patient texts and the nurse joins the new one',
    async prepare({ bridge, patient, world }) {
      const { roomId, contact } = await bridge.conversation(patient);
      world.rooms.putOut(roomId, NAMESPACE.bot, contact.ghost, NURSE);
    },
    happens: ({ bridge, patient, tag }) => bridge.patientTexts(patient, 'hello again', { id: tag }),
    async holds(run) {
      const roomId = await roomOf(run);
      await run.bridge.joins(roomId);
      await run.bridge.pump();
      expect(bodies(run, roomId).map((body) => body.split(',')[0])).to.deep.equal(['Name not known', 'hello again']);
      expect(count(bodies(run, COMMAND_ROOM), new RegExp(`is lost: .* Another was made: ${roomId}\\.`))).to.equal(1);
    },
  },
  {
    name: 'the nurse joins, and what waited is put into the room',
    async prepare({ bridge, patient }) {
      for (const text of ['one', 'two']) await bridge.patientTexts(patient, text);
      await bridge.pump();
    },
    happens: async (run) => {
      const roomId = await roomOf(run);
      run.world.rooms.join(roomId, NURSE);
      const content = { membership: 'join' };
      await run.bridge.event({
        event_id: idOf(run),
        type: 'm.room.member',
        room_id: roomId,
        state_key: NURSE,
        content,
      });
    },
    async holds(run) {
      const said = bodies(run, await roomOf(run));
      expect(said.map((body) => body.split(',')[0])).to.deep.equal(['Name not known', 'one', 'two']);
    },
  },
  {
    name: 'the nurse writes',
    prepare: ({ bridge, patient }) => bridge.conversation(patient),
    happens: async (run) => run.bridge.writes(await roomOf(run), 'answer', { eventId: idOf(run) }),
    holds: (run) => expectAccountedFor(run, 'answer'),
  },
  {
    name: 'the nurse writes without consent',
    prepare: ({ bridge, patient }) => bridge.conversation(patient, 'none'),
    happens: async (run) => run.bridge.writes(await roomOf(run), 'answer', { eventId: idOf(run) }),
    async holds(run) {
      expect(count(run.world.plain.textsTo(run.patient), 'answer')).to.equal(0);
      expect(count(bodies(run, await roomOf(run)), /^Not sent: /)).to.equal(1);
    },
  },
  {
    name: 'the carrier refuses',
    async prepare({ bridge, patient, world }) {
      await bridge.conversation(patient);
      world.plain.always = { outcome: 'refused', reason: 'landline', detail: 'x' };
    },
    happens: async (run) => run.bridge.writes(await roomOf(run), 'answer', { eventId: idOf(run) }),
    async holds(run) {
      run.world.plain.always = undefined;
      expect(count(run.world.plain.textsTo(run.patient), 'answer')).to.be.at.most(1);
      expect(count(bodies(run, await roomOf(run)), /landline|may or may not/)).to.equal(1);
    },
  },
  {
    name: 'the patient texts STOP',
    prepare: ({ bridge, patient }) => bridge.conversation(patient),
    happens: ({ bridge, patient, tag }) => bridge.patientTexts(patient, 'STOP', { id: tag }),
    async holds(run) {
      expect(await run.bridge.consentOf(run.patient)).to.equal('revoked');
      const said = bodies(run, await roomOf(run));
      expect(count(said, /^The patient opted out/)).to.equal(1);
      expect(count(said, 'STOP')).to.equal(1);
      const sent = count(run.world.plain.textsTo(run.patient), TEXTS['stop-confirmation']);
      expect(ACCOUNTED_FOR).to.include(`${sent} ${count(said, MAY_HAVE)}`);
    },
  },
  {
    name: 'the nurse asks for consent',
    happens: (run) => run.bridge.writes(COMMAND_ROOM, `!care text ${run.patient} Maria`, { eventId: idOf(run) }),
    async holds(run) {
      const roomId = await roomOf(run);
      await run.bridge.joins(roomId);
      await run.bridge.pump();
      await expectAccountedFor(run, TEXTS.warning);
      expect(await run.bridge.consentOf(run.patient)).to.equal('warned');
      expect(count(bodies(run, roomId), /^Maria, /)).to.equal(1);
      expect(count(bodies(run, COMMAND_ROOM), new RegExp(`^The room is .*${encodeURIComponent(roomId)}\\b`))).to.equal(
        1,
      );
    },
  },
  {
    name: 'the patient answers YES',
    async prepare({ bridge, patient }) {
      await bridge.conversation(patient, 'warned');
    },
    happens: ({ bridge, patient, tag }) => bridge.patientTexts(patient, 'YES', { id: tag }),
    async holds(run) {
      expect(await run.bridge.consentOf(run.patient)).to.equal('granted');
      expect(count(bodies(run, await roomOf(run)), /^The patient answered YES/)).to.equal(1);
    },
  },
  ...(['delivered', 'failed'] as const satisfies DeliveryState[]).map((state): Story => ({
    name: `the carrier reports ${state}`,
    async prepare(run) {
      const { roomId } = await run.bridge.conversation(run.patient);
      await run.bridge.writes(roomId, 'answer', { eventId: idOf(run) });
      await run.bridge.pump();
    },
    async happens({ bridge, world, patient }) {
      const { id } = world.plain.calls.findLast(({ to }) => to === patient)!;
      await bridge.reports.apply('plain', { kind: 'report', reference: { outboxId: id }, state });
    },
    async holds(run) {
      const receipts = run.world.sender.receipts.filter(({ eventId }) => eventId === idOf(run));
      expect(receipts).to.have.length(state === 'delivered' ? 1 : 0);
      expect(count(bodies(run, await roomOf(run)), /was not delivered/)).to.equal(state === 'failed' ? 1 : 0);
    },
  })),
  {
    name: 'the next process finds what the last one was sending',
    async prepare(run) {
      const { roomId } = await run.bridge.conversation(run.patient);
      await run.bridge.writes(roomId, 'answer', { eventId: idOf(run) });
      await run.bridge.pump('events');
      const row = await run.world.stores.outbox.findByEvent(idOf(run));
      await run.world.stores.outbox.markSending(row!.id);
    },
    happens: ({ bridge }) => bridge.start(),
    async holds(run) {
      expect(count(run.world.plain.textsTo(run.patient), 'answer')).to.equal(0);
      expect(count(bodies(run, await roomOf(run)), MAY_HAVE)).to.equal(1);
    },
  },
  {
    name: 'a text comes to a number that no line has',
    happens: ({ bridge, patient, tag }) =>
      bridge.receive.receive('plain', {
        kind: 'message',
        carrierMessageId: tag,
        from: patient,
        to: '+12125550199',
        text: 'STOP',
        media: [],
      }),
    async holds({ world, bridge, patient, tag }) {
      expect(await bridge.consentOf(patient)).to.equal('revoked');
      const kept = await world.stores.parked.inbox.list(0, 1_000);
      const texts = await Promise.all(kept.map(({ id }) => world.stores.inbox.find(id)));
      expect(texts.filter((text) => text?.carrierMessageId === tag)).to.have.length(1);
    },
  },
  {
    name: 'an administrator retries what came before there was a line',
    async prepare({ bridge, world, patient }) {
      await bridge.conversation(patient);
      const before = new TestBridge(world, { lines: LINES.slice(1) });
      for (const text of ['one', 'two', 'HELP']) await before.patientTexts(patient, text);
      await before.pump();
    },
    happens: (run) => run.bridge.writes(COMMAND_ROOM, '!care parked retry all', { sender: ADMIN, eventId: idOf(run) }),
    async holds(run) {
      const { contact, roomId } = await run.bridge.find(run.patient);
      expect(run.world.sender.said(roomId!, contact.ghost)).to.deep.equal(['one', 'two', 'HELP']);
      const sent = count(run.world.plain.textsTo(run.patient), TEXTS.help);
      expect(ACCOUNTED_FOR).to.include(`${sent} ${count(bodies(run, roomId!), MAY_HAVE)}`);
      const answers = run.world.sender.events.filter(
        ({ content }) => repliesTo(content) === idOf(run) && content['msgtype'] === 'm.notice',
      );
      expect(answers).to.have.length(1);
    },
  },
  {
    name: 'an administrator retries the text of a short code',
    async prepare({ world, bridge, tag }) {
      await addSecurityRoom(world);
      const text = `notice ${tag}`;
      const to = LINES[0].number;
      await bridge.receive.receive('plain', {
        kind: 'message',
        carrierMessageId: tag,
        from: '12345',
        to,
        text,
        media: [],
      });
    },
    happens: (run) => run.bridge.writes(COMMAND_ROOM, '!care parked retry all', { sender: ADMIN, eventId: idOf(run) }),
    async holds(run) {
      expect(count(bodies(run, SECURITY_ROOM), new RegExp(`from 12345, .*\nnotice ${run.tag}$`))).to.equal(1);
    },
  },
  {
    name: 'the text of a short code comes',
    happens: ({ bridge, tag }) =>
      bridge.receive.receive('plain', {
        kind: 'message',
        carrierMessageId: tag,
        from: '12345',
        to: LINES[0].number,
        text: 'notice',
        media: [],
      }),
    async holds({ world, tag }) {
      const kept = await world.stores.parked.inbox.list(0, 1_000);
      const texts = await Promise.all(kept.map(({ id }) => world.stores.inbox.find(id)));
      const mine = texts.filter((text) => text?.carrierMessageId === tag);
      expect(mine).to.have.length(1);
      const report = new RegExp(`\\(Reference ${mine[0]!.trace}\\)$`);
      expect(count(world.sender.said(COMMAND_ROOM), report)).to.equal(1);
    },
  },
  {
    name: 'an administrator retries a text to a patient',
    async prepare(run) {
      const { roomId } = await run.bridge.conversation(run.patient);
      await run.bridge.writes(roomId, 'answer', { eventId: idOf(run) });
      await run.bridge.pump('events');
      const row = await run.world.stores.outbox.findByEvent(idOf(run));
      await run.world.stores.outbox.park(row!.id, 'RetryableError');
    },
    async happens(run) {
      const { trace } = (await run.world.stores.outbox.findByEvent(idOf(run)))!;
      const line = `!care parked retry ${trace}`;
      return run.bridge.writes(COMMAND_ROOM, line, { sender: ADMIN, eventId: idOf(run, 'retry') });
    },
    holds: (run) => expectAccountedFor(run, 'answer'),
  },
  {
    name: 'the nurse removes what was not sent',
    async prepare(run) {
      const { roomId } = await run.bridge.conversation(run.patient);
      await run.bridge.writes(roomId, 'answer', { eventId: idOf(run) });
      await run.bridge.pump('events');
    },
    async happens(run) {
      const content = { redacts: idOf(run) };
      await run.bridge.event({
        event_id: idOf(run, 'gone'),
        type: 'm.room.redaction',
        room_id: await roomOf(run),
        content,
      });
    },
    async holds(run) {
      const said = bodies(run, await roomOf(run));
      const sent = count(run.world.plain.textsTo(run.patient), 'answer');
      expect(sent).to.equal(count(said, /^The message was removed here only/));
      expect(1 - sent).to.equal(count(said, /^The message was removed before it was sent/));
    },
  },
];

let runs = 0;

/** A number of its own for each run; not every area code is in use. */
function nextPatient(): string {
  for (;;) {
    const number = `+1${201 + Math.floor(runs / 100)}55501${String(runs++ % 100).padStart(2, '0')}`;
    if (parsePhoneNumber(number) === number) return number;
  }
}

/** Lets the story's process die at call after call, until it lives to the end. Returns how often it died. */
async function dieEverywhere(
  story: Story,
  worldOf: () => Promise<World>,
  when: 'before' | 'after',
  everyNth: number,
): Promise<number> {
  let deaths = 0;
  for (let at = 1; ; at += everyNth) {
    const world = await worldOf();
    const run: Run = { world, bridge: new TestBridge(world), patient: nextPatient(), tag: `run-${runs}` };
    await story.prepare?.(run);
    const crash = new CrashPoint(at, when);
    await dies(story, { ...run, bridge: new TestBridge(world, crash) });
    const next: Run = { ...run, bridge: new TestBridge(world) };
    await next.bridge.start();
    await story.happens(next);
    await next.bridge.pump();
    try {
      await story.holds(next);
    } catch (error) {
      (error as Error).message = `died ${crash.where}: ${(error as Error).message}`;
      throw error;
    }
    if (crash.where === undefined) return deaths;
    deaths++;
  }
}

async function dies(story: Story, run: Run): Promise<void> {
  try {
    await story.happens(run);
    await run.bridge.pump();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
}

describe('a process that dies between any two steps', () => {
  for (const story of STORIES) {
    it(`${story.name}: nothing is lost, doubled, or said twice`, async () => {
      const world = () => newWorld(memoryStorage());
      const deaths = [await dieEverywhere(story, world, 'before', 1), await dieEverywhere(story, world, 'after', 1)];
      for (const count of deaths) expect(count).to.be.greaterThan(4);
    });
  }

  describe('on SQLite', () => {
    let stores: TestStores;
    let world: World;
    before(async () => {
      stores = await openTestStores();
      world = await newWorld(stores.stores);
    });
    after(() => stores[Symbol.asyncDispose]());

    for (const story of STORIES) {
      it(`${story.name}: the same at every ninth step`, async () => {
        await dieEverywhere(story, async () => world, 'before', 9);
        await dieEverywhere(story, async () => world, 'after', 9);
      });
    }
  });
});
