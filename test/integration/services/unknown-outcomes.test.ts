import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import type { OutboxStore } from '../../../src/ports/outbox-store.ts';
import { FakeCarrier } from '../../support/fakes/fake-carrier.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

const UNKNOWN = /^This message may or may not have reached the patient.*not repeated automatically.*\(Reference \w+\)$/;

describe('unknown outcomes', () => {
  let fixture: ServicesFixture;
  let roomId: RoomId;
  beforeEach(async () => {
    fixture = await ServicesFixture.create();
    roomId = (await fixture.bridge.conversation(PATIENT)).roomId;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const writes = (text: string) => fixture.writes(roomId, text);
  const expectShownOnceAndNotRepeated = async () => {
    await fixture.restart();
    await fixture.after(60 * 60_000);
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['hello']);
    expect(fixture.botSaid(roomId)).to.have.length(1);
    expect(fixture.botSaid(roomId)[0]).to.match(UNKNOWN);
    const row = await fixture.world.stores.outbox.find(fixture.world.plain.calls[0]!.id);
    expect(row?.state).to.equal('unknown');
  };

  it('are shown once and not repeated where the carrier says so', async () => {
    fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
    await writes('hello');
    await expectShownOnceAndNotRepeated();
  });

  it('are shown once and not repeated where the adapter throws', async () => {
    fixture.world.plain.answers.push(new TypeError('a bug'));
    await writes('hello');
    await expectShownOnceAndNotRepeated();
  });

  it('are shown once and not repeated where the adapter throws before it gives a promise', async () => {
    await fixture.restart({ wrap: throwsAtOnce });
    await writes('hello');
    await expectShownOnceAndNotRepeated();
  });

  it('are shown once and not repeated where the process died during the call', async () => {
    await fixture.bridge.writes(roomId, 'hello');
    await fixture.bridge.pump('events');
    const [row] = await fixture.world.stores.outbox.due(Date.now(), new Set(), 1);
    await fixture.world.stores.outbox.markSending(row!.id);
    await fixture.world.plain.send({ id: row!.id, from: row!.to, to: row!.to, text: 'hello' });
    expect(await fixture.restart()).to.equal(1);
    expect(await fixture.restart()).to.equal(0);
    await fixture.bridge.pump();
    await expectShownOnceAndNotRepeated();
  });

  it('of the first warning to an unknown number, whose room is not made yet, are told to the administrators', async () => {
    const other = '+12125550111';
    await fixture.restart({ warnOnFirstContact: true });
    fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
    fixture.world.rooms.ensureGhost = async () => Promise.reject(new RetryableError('the homeserver is away'));
    await fixture.bridge.patientTexts(other, 'hello?');
    await fixture.bridge.pump();
    expect(fixture.adminsHeard).to.have.length(1);
    expect(fixture.adminsHeard[0]).to.match(
      /^On line front-desk, to a number whose room is not made yet: The risk warning .*may or may not have reached/,
    );
    expect(fixture.adminsHeard[0]).not.to.match(/5550111|hello/);
  });

  it('say which message it was', async () => {
    fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
    const eventId = await writes('hello');
    const told = fixture.world.sender.events.at(-1)!;
    expect(told.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: eventId } });
  });

  it('become known by a later report', async () => {
    fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
    const eventId = await writes('hello');
    const reference = { outboxId: fixture.world.plain.calls[0]!.id };
    await fixture.bridge.reports.apply('plain', { kind: 'report', reference, state: 'delivered' });
    await fixture.bridge.pump();
    expect(fixture.world.sender.receipts.map((receipt) => receipt.eventId)).to.deep.equal([eventId]);
  });

  it('hold nothing up: what was written next goes out', async () => {
    fixture.world.plain.answers.push({ outcome: 'unknown', detail: 'cut' });
    await fixture.bridge.writes(roomId, 'hello');
    await writes('next');
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['hello', 'next']);
  });

  it('are not what a text has that certainly did not leave, when the process dies before its next try', async () => {
    fixture.world.plain.answers.push({ outcome: 'not-sent', detail: 'down' });
    await writes('hello');
    expect(await fixture.restart()).to.equal(0);
    await fixture.after(60_000);
    expect(fixture.world.plain.textsTo(PATIENT)).to.deep.equal(['hello', 'hello']);
    expect(fixture.botSaid(roomId)).to.deep.equal([]);
  });

  describe('when the database fails after the carrier was called', () => {
    for (const answer of ['accepted', 'refused', 'unknown'] as const) {
      it(`${answer}: the answer is committed once the database is back, and nothing is sent again`, async () => {
        const faults = new AdvanceFaults(1);
        await fixture.restart({ wrap: faults.wrap });
        fixture.world.plain.answers.push({ outcome: answer, reason: 'blocked', detail: 'x' });
        await writes('hello');
        const row = await fixture.world.stores.outbox.find(fixture.world.plain.calls[0]!.id);
        expect(row?.state).to.equal(answer);
        await fixture.restart();
        await fixture.after(60_000);
        expect(fixture.world.plain.calls).to.have.length(1);
        expect(fixture.botSaid(roomId)).to.have.length(answer === 'accepted' ? 0 : 1);
      });
    }

    it('and the process ends before it is back: unknown, not repeated', async () => {
      const stopping = new AbortController();
      const faults = new AdvanceFaults(Infinity, () => stopping.abort());
      await fixture.restart({ wrap: faults.wrap, stopping: stopping.signal });
      await fixture.bridge.writes(roomId, 'hello');
      await fixture.bridge.pump('events');
      const [row] = await fixture.world.stores.outbox.due(Date.now(), new Set(), 1);
      expect(row?.state).to.equal('ready');
      await fixture.bridge.step('outbox');
      await expectShownOnceAndNotRepeated();
    });

    it('and the process is stopping while the carrier answers: what it said is committed', async () => {
      const stopping = new AbortController();
      await fixture.restart({ stopping: stopping.signal });
      fixture.world.plain.answers.push(() => {
        stopping.abort();
        return { outcome: 'accepted' };
      });
      await writes('hello');
      expect(await fixture.restart()).to.equal(0);
      await fixture.bridge.pump();
      expect(fixture.botSaid(roomId)).to.deep.equal([]);
    });
  });
});

/** The carrier's `send` throws instead of rejecting. */
function throwsAtOnce<T extends object>(_name: string, target: T): T {
  if (!(target instanceof FakeCarrier)) return target;
  const send = (sms: Parameters<FakeCarrier['send']>[0]) => {
    target.calls.push(sms);
    throw new TypeError('a bug');
  };
  return new Proxy(target, {
    get: (_, property) => (property === 'send' ? send : Reflect.get(target, property, target)) as unknown,
  });
}

/** The first so many `outbox.advance` fail. */
class AdvanceFaults {
  #left: number;
  readonly #onFault: () => void;

  constructor(times: number, onFault: () => void = () => undefined) {
    this.#left = times;
    this.#onFault = onFault;
  }

  readonly wrap = <T extends object>(name: string, target: T): T => {
    if (name !== 'outbox') return target;
    const outbox = target as unknown as OutboxStore;
    const advance: OutboxStore['advance'] = async (...args) => {
      if (this.#left-- > 0) {
        this.#onFault();
        throw new RetryableError('The database cannot be reached.');
      }
      return outbox.advance(...args);
    };
    const get = (_: T, property: string | symbol): unknown => {
      if (property === 'advance') return advance;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    };
    return new Proxy(target, { get });
  };
}
