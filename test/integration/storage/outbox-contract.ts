/** What the outbox promises beyond its queue. */
import { expect } from 'chai';
import { advances, type DeliveryState } from '../../../src/model/delivery.ts';
import type { ConversationId, EventId } from '../../../src/model/ids.ts';
import { conversationId, outboxRow, ROOM } from './builders.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();
const STATES: readonly DeliveryState[] = [
  'ready',
  'sending',
  'accepted',
  'sent',
  'delivered',
  'failed',
  'refused',
  'unknown',
  'parked',
];

/** Defines the tests on `bench`. */
export function outboxContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  describe('outbox', () => {
    let conversation: ConversationId;

    beforeEach(async () => {
      conversation = await conversationId(use.storage);
    });

    it('gives back what was added, by id, event and queue', async () => {
      const eventId = '$event' as EventId;
      const given = outboxRow(conversation, { attachment: { url: 'mxc://x/y' }, eventId, roomId: ROOM });
      const added = await use.storage.outbox.add(given, NOW);
      const { cause: _cause, ...fields } = given;
      expect(added).to.include({ ...fields, state: 'ready', attempts: 0, createdAt: NOW, lane: conversation });
      expect(await use.storage.outbox.find(added?.id ?? '')).to.deep.equal(added);
      expect(await use.storage.outbox.findByEvent(eventId)).to.deep.equal(added);
      expect(await use.storage.outbox.due(NOW, NONE, 1)).to.deep.equal([added]);
      expect(await use.storage.outbox.find('nobody')).to.equal(undefined);
    });

    it('adds the same cause once', async () => {
      const row = outboxRow(conversation);
      const added = await Promise.all(Array.from({ length: 20 }, () => use.storage.outbox.add(row, NOW)));
      expect(added.filter((one) => one !== undefined)).to.have.length(1);
    });

    for (const from of STATES) {
      it(`moves from ${from} only forward`, async () => {
        for (const to of STATES) {
          const row = await use.storage.outbox.add(outboxRow(conversation), NOW);
          const id = row?.id ?? '';
          if (from !== 'ready') await use.storage.outbox.advance(id, from);
          const before = await use.storage.outbox.advance(id, to, { carrier: 'loopback' });
          const isForward = advances(from, to);
          expect(before?.state, `${from} -> ${to}`).to.equal(isForward ? from : undefined);
          expect((await use.storage.outbox.find(id))?.state, `${from} -> ${to}`).to.equal(isForward ? to : from);
        }
      });
    }

    it('advances once where many reports come at once', async () => {
      const row = await use.storage.outbox.add(outboxRow(conversation), NOW);
      const moved = await Promise.all(
        Array.from({ length: 20 }, () => use.storage.outbox.advance(row?.id ?? '', 'delivered')),
      );
      expect(moved.filter((one) => one !== undefined)).to.have.length(1);
    });

    it('keeps neither words nor number after hand-over, but what reports need', async () => {
      const eventId = '$event' as EventId;
      const row = await use.storage.outbox.add(outboxRow(conversation, { eventId, roomId: ROOM }), NOW);
      const id = row?.id ?? '';
      const before = await use.storage.outbox.advance(id, 'accepted', {
        carrier: 'loopback',
        carrierReference: 'ref-1',
      });
      expect(before).to.deep.equal(row);
      expect(await use.storage.outbox.due(NOW, NONE, 1)).to.deep.equal([]);
      expect(await use.count('outbox', 'content IS NULL')).to.equal(1);
      const found = await use.storage.outbox.findByCarrierReference('loopback', 'ref-1');
      expect(found).to.deep.equal({ ...row, state: 'accepted', body: '' });
      expect(await use.storage.outbox.findByCarrierReference('kannel', 'ref-1')).to.equal(undefined);
      await use.storage.outbox.advance(id, 'failed', { carrier: 'loopback', failure: 'landline' });
      expect(await use.storage.outbox.findByCarrierReference('loopback', 'ref-1')).to.include({ failure: 'landline' });
    });

    it('cancels only what has not begun to leave', async () => {
      const [one, two] = await Promise.all([1, 2].map(() => use.storage.outbox.add(outboxRow(conversation), NOW)));
      expect(await use.storage.outbox.cancel(one?.id ?? '')).to.equal(true);
      expect(await use.storage.outbox.markSending(one?.id ?? '')).to.equal(false);
      expect(await use.storage.outbox.find(one?.id ?? '')).to.include({ state: 'refused', body: '' });
      expect(await use.storage.outbox.markSending(two?.id ?? '')).to.equal(true);
      expect(await use.storage.outbox.cancel(two?.id ?? '')).to.equal(false);
    });

    it('finds what a dead process left in sending, but not what goes on to wait', async () => {
      const ids = await Promise.all(
        [1, 2, 3].map(async () => (await use.storage.outbox.add(outboxRow(conversation), NOW))?.id ?? ''),
      );
      for (const id of ids) await use.storage.outbox.markSending(id);
      await use.storage.outbox.retry(ids[1] ?? '', NOW, 'RetryableError', true);
      await use.storage.outbox.advance(ids[2] ?? '', 'accepted');
      await use.reopen();
      expect((await use.storage.outbox.findInterrupted()).map(({ id }) => id)).to.deep.equal([ids[0]]);
      expect((await use.storage.outbox.find(ids[1] ?? ''))?.state).to.equal('ready');
    });

    it('does not find one that cannot be decrypted: it is unknown from then on, given up and named', async () => {
      const ids: string[] = [];
      for (let made = 0; made < 2; made++) {
        const row = await use.storage.outbox.add(outboxRow(conversation), NOW);
        await use.storage.outbox.markSending(row!.id);
        ids.push(row!.id);
      }
      await bench.sql(use.config, `UPDATE outbox SET content = 'v1.AAAA' WHERE id = '${ids[0]}'`);
      expect((await use.storage.outbox.findInterrupted()).map(({ id }) => id)).to.deep.equal([ids[1]]);
      expect(use.unreadable.map(({ table }) => table)).to.deep.equal(['outbox']);
      expect(await use.count('outbox', `id = '${ids[0]}' AND state = 'unknown' AND run_at IS NULL`)).to.equal(1);
    });
  });
}
