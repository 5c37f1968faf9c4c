import { expect } from 'chai';
import type { DeliveryState } from '../../../src/model/delivery.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { DeliveryReport } from '../../../src/services/apply-report.ts';
import { PATIENT, ServicesFixture } from './services-fixture.ts';

describe('delivery reports', () => {
  let fixture: ServicesFixture;
  let roomId: RoomId;
  let ghost: UserId;
  let eventId: EventId;
  beforeEach(async () => {
    fixture = await ServicesFixture.create();
    const conversation = await fixture.bridge.conversation(PATIENT);
    roomId = conversation.roomId;
    ghost = conversation.contact.ghost;
    eventId = await fixture.bridge.writes(roomId, 'hello');
    await fixture.bridge.pump();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const sent = () => fixture.world.plain.calls[0]!;
  const report = async (state: DeliveryReport['state'], more: Partial<DeliveryReport> = {}) => {
    const reference = { outboxId: sent().id };
    const isKnown = await fixture.bridge.reports.apply('plain', { kind: 'report', reference, state, ...more });
    await fixture.bridge.pump();
    return isKnown;
  };
  const stateNow = async () => (await fixture.world.stores.outbox.find(sent().id))?.state;
  const receipts = () => fixture.world.sender.receipts;

  it('show what was delivered as the ghost’s receipt on that very message', async () => {
    expect(await report('delivered')).to.equal(true);
    expect(receipts()).to.deep.equal([{ as: ghost, roomId, eventId }]);
    expect(fixture.botSaid(roomId)).to.deep.equal([]);
  });

  it('find the text by the carrier’s own reference', async () => {
    expect(await report('delivered', { reference: { carrierReference: 'plain-1' } })).to.equal(true);
    expect(receipts()).to.have.length(1);
  });

  const FINAL: readonly (readonly [string, readonly DeliveryReport['state'][], DeliveryState, number, number])[] = [
    ['in order', ['accepted', 'sent', 'delivered'], 'delivered', 1, 0],
    ['doubled', ['sent', 'sent', 'delivered', 'delivered', 'delivered'], 'delivered', 1, 0],
    ['out of order', ['delivered', 'sent', 'accepted'], 'delivered', 1, 0],
    ['failed and doubled', ['sent', 'failed', 'failed', 'sent'], 'failed', 0, 1],
    ['failed after it was delivered', ['delivered', 'failed'], 'delivered', 1, 0],
    ['delivered after it was said to have failed', ['failed', 'delivered'], 'delivered', 1, 1],
    ['only half way', ['accepted', 'sent'], 'sent', 0, 0],
  ];
  for (const [what, states, end, shown, told] of FINAL) {
    it(`may come ${what}: ${states.join(', ')}`, async () => {
      for (const state of states) expect(await report(state)).to.equal(true);
      expect(await stateNow()).to.equal(end);
      expect(receipts()).to.have.length(shown);
      expect(fixture.botSaid(roomId)).to.have.length(told);
    });
  }

  it('may come all at once', async () => {
    const states = ['sent', 'delivered', 'delivered', 'sent', 'accepted', 'delivered'] as const;
    await Promise.all(states.map((state) => report(state)));
    expect(await stateNow()).to.equal('delivered');
    expect(receipts()).to.have.length(1);
  });

  it('may come days later, after the words were wiped, to another process', async () => {
    fixture.clock.tick(3 * 24 * 60 * 60_000);
    await fixture.wipeFinished();
    await fixture.restart();
    expect(await report('failed', { failure: 'unreachable' })).to.equal(true);
    expect(fixture.botSaid(roomId)).to.have.length(1);
  });

  it('may come before the carrier has answered our own call', async () => {
    fixture.world.plain.answers.push(async ({ id }) => {
      await fixture.bridge.reports.apply('plain', { kind: 'report', reference: { outboxId: id }, state: 'delivered' });
      return { outcome: 'accepted', carrierReference: 'late' };
    });
    await fixture.bridge.writes(roomId, 'second');
    await fixture.bridge.pump();
    const second = await fixture.world.stores.outbox.find(fixture.world.plain.calls[1]!.id);
    expect(second?.state).to.equal('delivered');
    expect(receipts()).to.have.length(1);
    expect(fixture.world.plain.calls).to.have.length(2);
  });

  const UNKNOWN: readonly (readonly [string, string, DeliveryReport['reference']])[] = [
    ['an id that is none of ours', 'plain', { outboxId: 'nothing' }],
    ['an empty id', 'plain', { outboxId: '' }],
    ['an id that is an attack', 'plain', { outboxId: "' OR 1=1 --" }],
    ['a reference that is not known', 'plain', { carrierReference: 'nothing' }],
    ['a reference of another carrier', 'pictures', { carrierReference: 'plain-1' }],
  ];
  for (const [what, carrier, reference] of UNKNOWN) {
    it(`are not known with ${what}, and change nothing`, async () => {
      expect(await fixture.bridge.reports.apply(carrier, { kind: 'report', reference, state: 'failed' })).to.equal(
        false,
      );
      await fixture.bridge.pump();
      expect(await stateNow()).to.equal('accepted');
      expect(fixture.botSaid(roomId)).to.deep.equal([]);
    });
  }

  const FAILURES = [
    'bad-number',
    'landline',
    'blocked',
    'unreachable',
    'configuration',
    'other',
    undefined,
    // Last: nothing more may be sent after it.
    'opted-out',
  ] as const;
  it('of failure are told in a reply with what to do', async () => {
    for (const [index, failure] of FAILURES.entries()) {
      const cause = await fixture.bridge.writes(roomId, `secret ${index}`);
      await fixture.bridge.pump();
      const outboxId = fixture.world.plain.calls.at(-1)!.id;
      await report('failed', { reference: { outboxId }, ...(failure && { failure }) });
      const told = fixture.world.sender.events.at(-1)!;
      expect(told.content['body'])
        .to.match(/^This message was not delivered: .+\. \(Reference \w+\)$/)
        .and.not.include('secret');
      expect(told.content['m.relates_to']).to.deep.equal({ 'm.in_reply_to': { event_id: cause } });
    }
  });

  const OPT_OUTS: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['in a report', () => report('failed', { failure: 'opted-out' })],
    [
      'at once',
      async () => {
        fixture.world.plain.always = { outcome: 'refused', reason: 'opted-out', detail: 'blocked' };
        await fixture.bridge.writes(roomId, 'secret');
        await fixture.bridge.pump();
        fixture.world.plain.always = undefined;
      },
    ],
  ];
  for (const [how, refuse] of OPT_OUTS) {
    it(`that the carrier’s own block list stopped it, said ${how}, revoke consent with us too, once (K6)`, async () => {
      await refuse();
      await refuse();
      const { address } = await fixture.bridge.find(PATIENT);
      const revoked = (await fixture.world.stores.consents.history(address.id)).filter(
        ({ state }) => state === 'revoked',
      );
      expect(revoked).to.have.length(1);
      expect(revoked[0]).to.include({ method: 'carrier', actor: 'carrier' });
      const sentBefore = fixture.world.plain.calls.length;
      await fixture.bridge.writes(roomId, 'one more');
      await fixture.bridge.pump();
      expect(fixture.world.plain.calls).to.have.length(sentBefore);
    });
  }

  it('of automatic texts show no receipt', async () => {
    await fixture.bridge.patientTexts(PATIENT, 'HELP');
    await fixture.bridge.pump();
    await report('delivered', { reference: { outboxId: fixture.world.plain.calls.at(-1)!.id } });
    expect(receipts()).to.deep.equal([]);
  });
});
