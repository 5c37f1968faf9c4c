/** Rooms are changed by hand, on a real Synapse, by somebody as powerful as the bot: each change is put back or reported (A4). */
import { expect } from 'chai';
import type { RoomId } from '../../src/model/ids.ts';
import { reconcile } from '../../src/policy/reconcile.ts';
import { whyNoSynapse } from '../integration/matrix/bridge-on-synapse.ts';
import { DRIFTS, type Drift, type DriftCase } from './support/drift-table.ts';
import { GovernedHospital, ICU } from './support/governed-hospital.ts';

/** People notice nothing that lasts no longer. ms. */
const LONGEST_MS = 5_000;

describe('drift of rooms on a real Synapse', function () {
  this.timeout(240_000);
  let hospital: GovernedHospital;
  const delays: { readonly what: string; readonly ms: number }[] = [];
  const rooms = new Map<Drift['in'], RoomId>();
  let other: RoomId;

  before(async function () {
    const reason = whyNoSynapse();
    if (reason !== undefined) {
      process.stdout.write(`  pending: ${reason}\n`);
      this.skip();
    }
    // In version 12 nobody can be as powerful as the bot: 11 is the harder case.
    hospital = await GovernedHospital.start({ roomVersion: '11' });
    const { admin, nurse, physician } = hospital.staff;
    const made = await admin.call('POST', '/createRoom', { preset: 'private_chat' });
    other = made['room_id'] as RoomId;
    rooms.set('conversation', await hospital.conversation('driftconversation'));
    const { roomId: space } = await hospital.createUnit.run(ICU);
    rooms.set('unit', space);
    rooms.set('care-team', await hospital.room({ key: 'driftteam', unit: ICU }, physician));
    for (const [kind, roomId] of rooms) {
      // The administrator may be in all of them, by a role with power 90; here the power is the bot's.
      await hospital.asBot('POST', `/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: admin.userId });
      await admin.join(roomId);
      await hospital.overpower(roomId, admin.userId);
      if (kind === 'conversation') await nurse.join(roomId).catch(() => undefined);
    }
    await hospital.govern.settled();
  });

  after(async () => {
    const sorted = delays.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]?.toFixed(0);
    process.stdout.write(
      `    ${sorted.length} kinds of change; put right or reported after ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(1)} ms (longest)\n`,
    );
    await hospital?.[Symbol.asyncDispose]();
  });

  it('is of sixty kinds or more', () => {
    expect(DRIFTS.length).to.be.greaterThanOrEqual(60);
    expect(new Set(DRIFTS.map(({ what }) => what)).size).to.equal(DRIFTS.length);
  });

  for (const drift of DRIFTS) {
    it(`${drift.what}: ${drift.becomes}`, async () => {
      const { admin, nurse } = hospital.staff;
      const roomId = rooms.get(drift.in)!;
      const there: DriftCase = { hospital, admin, roomId, other };
      const since = performance.now();
      await drift.act(there);
      const done = performance.now();
      const { entry, at } = await hospital.outcome(roomId, [drift.rule], since);
      delays.push({ what: drift.what, ms: Math.max(0, at - done) });
      expect(at - done).to.be.lessThan(LONGEST_MS);
      expect(entry.action).to.equal(drift.becomes === 'repaired' ? 'room.repair' : 'room.report');
      if (drift.becomes === 'repaired') await expectRight(roomId);
      await drift.undo?.(there);
      await nurse.join(roomId).catch(() => undefined);
      await hospital.govern.settled();
    });
  }

  /** By the homeserver, not by what is kept in memory. */
  async function expectRight(roomId: RoomId): Promise<void> {
    await hospital.govern.settled();
    const room = await hospital.rooms.find(roomId);
    const snapshot = await hospital.control.refresh(roomId);
    const changes = reconcile(await hospital.policy.current(), room!, snapshot);
    expect(changes.filter(({ kind }) => kind !== 'report')).to.deep.equal([]);
  }
});
