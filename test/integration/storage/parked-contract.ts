/** What is given up promises: it is listed, tried again in its place, or dropped. */
import { expect } from 'chai';
import type { LineId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { InboxRow } from '../../../src/model/rows.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { conversationId, inboxRow, LINE, notice, outboxRow, OTHER_PATIENT, PATIENT } from './builders.ts';
import { openAndTell } from './open-and-tell.ts';
import { storageForEach } from './storage-for-each.ts';
import type { StorageBench } from './storage-bench.ts';

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();
const HOUR = 60 * 60_000;
const OURS = '+12125550199' as PhoneNumber;

/** Defines the tests on `bench`. */
export function parkedContract(bench: StorageBench): void {
  const use = storageForEach(bench);

  const due = () => use.storage.inbox.deliveries.due(NOW + 10, NONE, 10);
  const bodies = (rows: readonly InboxRow[]) => rows.map(({ body }) => body);
  const withoutLine = async (fields: Parameters<typeof inboxRow>[0] = {}) =>
    (await use.storage.inbox.add(inboxRow({ lineId: undefined, to: OURS, ...fields }), NOW))!;
  const isWiped = async () => (await use.count('inbox', 'content IS NULL')) > 0;

  describe('a text to a number that no line has', () => {
    it('is parked with its reason, its number encrypted, and found again after a restart', async () => {
      const { id, trace } = await withoutLine();
      await use.reopen();
      expect(await due()).to.deep.equal([]);
      const [found, ...more] = await use.storage.parked.inbox.list(0, 10);
      expect(more).to.deep.equal([]);
      expect(found).to.deep.include({ id, reference: trace, kind: 'inbox', code: 'no-line', parkedAt: NOW });
      expect(found).to.deep.include({ lineId: undefined, isWiped: false });
      expect(await use.storage.inbox.find(id)).to.include({ to: OURS, from: PATIENT, lineId: undefined });
      expect((await bench.bytes(use.config)).includes(Buffer.from(OURS))).to.equal(false);
    });

    it('has its keyword parked with it, but for STOP, which is acted on (K1)', async () => {
      await withoutLine({ keyword: 'start' });
      const stop = await withoutLine({ keyword: 'stop' });
      const acted = await use.storage.inbox.keywords.due(NOW, NONE, 10);
      expect(acted.map(({ id }) => id)).to.deep.equal([stop.id]);
      expect(await use.storage.parked.keywords.count()).to.equal(1);
      await use.storage.inbox.keywords.complete(stop.id);
      expect(await isWiped(), 'the words are still to be delivered').to.equal(false);
    });

    it('is counted, by its number too', async () => {
      const { lane } = await withoutLine();
      await withoutLine({ from: OTHER_PATIENT });
      await withoutLine({ to: '+12125550198' });
      await use.storage.inbox.add(inboxRow(), NOW);
      expect(await use.storage.inbox.countWithoutLine(lane)).to.equal(2);
      expect(await use.storage.inbox.countWithoutLine()).to.equal(3);
      const { inbox } = use.storage;
      const found = await inbox.keptFor('loopback', OURS);
      expect(found.count).to.equal(2);
      for (const [carrier, number] of [
        ['kannel', OURS],
        ['loopback', '+12125550100'],
      ] as const)
        expect(await inbox.keptFor(carrier, number as PhoneNumber)).to.deep.equal({ count: 0, newest: 0 });
      await withoutLine();
      expect((await inbox.keptFor('loopback', OURS)).newest).to.be.greaterThan(found.newest);
    });

    it('cannot be tried before it has a line; then it is in its conversation’s lane and place', async () => {
      const first = await withoutLine({ body: 'first', keyword: 'help' });
      await use.storage.inbox.add(inboxRow({ body: 'second' }), NOW);
      const { inbox, parked } = use.storage;
      expect(await parked.inbox.retry(first.id, NOW)).to.equal(false);
      await inbox.giveLine(first, LINE);
      await inbox.giveLine(first, 'billing' as LineId);
      expect(await parked.inbox.retry(first.id, NOW + 5)).to.equal(true);
      expect(await parked.keywords.retry(first.id, NOW + 5)).to.equal(true);
      expect(await parked.inbox.retry(first.id, NOW + 6), 'a second time').to.equal(false);
      const [row, ...others] = await due();
      expect(others, 'one lane').to.deep.equal([]);
      expect(row).to.include({ body: 'first', lineId: LINE, attempts: 0, retriedAt: NOW + 5 });
      await inbox.deliveries.complete(first.id);
      expect(bodies(await due())).to.deep.equal(['second']);
      expect(await inbox.keywords.due(NOW + 10, NONE, 10)).to.have.length(1);
    });

    it('that is dropped is wiped like any other once nothing of it waits', async () => {
      const { id } = await withoutLine({ keyword: 'yes' });
      const { parked } = use.storage;
      expect(await parked.inbox.drop(id, NOW)).to.equal(true);
      expect(await isWiped()).to.equal(false);
      expect(await parked.keywords.drop(id, NOW)).to.equal(true);
      expect(await parked.keywords.drop(id, NOW)).to.equal(false);
      await use.storage.wipeFinished(NOW + use.config.retention.wipeAfterMs);
      expect(await isWiped()).to.equal(true);
    });
  });

  it('keeps a text of a sender without a number, both encrypted, and takes it up in that sender’s own lane (E3)', async () => {
    const { inbox } = use.storage;
    const text = { from: undefined, sender: 'SHORT-242424', body: 'balance low' };
    const added = (await inbox.add(inboxRow(text), NOW))!;
    await use.reopen();
    expect(await due()).to.deep.equal([]);
    expect(await use.storage.parked.inbox.list(0, 9)).to.have.nested.property('[0].code', 'no-number');
    expect((await bench.bytes(use.config)).includes(Buffer.from(text.sender))).to.equal(false);
    expect(await use.storage.parked.inbox.retry(added.id, NOW)).to.equal(true);
    await use.storage.inbox.add(inboxRow(), NOW);
    const rows = await due();
    expect(rows).to.have.length(2);
    const { sender, body } = text;
    expect(rows[0]).to.include({ sender, body, lane: added.lane, lineId: LINE }).and.not.have.property('from');
  });

  describe('a text to a patient', () => {
    const parkedText = async (storage = use.storage) => {
      const row = (await storage.outbox.add(outboxRow(await conversationId(storage)), Date.now()))!;
      await storage.outbox.markSending(row.id);
      await storage.outbox.advance(row.id, 'parked');
      return row;
    };
    /** Words stay for an hour. */
    const anHour = async () => ({ ...(await bench.newConfig()), retention: { wipeAfterMs: HOUR } });

    it('is tried again as one that never began to leave, with its words', async () => {
      await using storage = await openStorage(await anHour());
      const { id, body } = await parkedText(storage);
      expect(await storage.parked.outbox.retry(id, Date.now())).to.equal(true);
      const [row] = await storage.outbox.due(Date.now(), NONE, 1);
      expect(row).to.include({ id, body, state: 'ready', attempts: 0 });
      await storage.wipeFinished(Date.now() + 2 * HOUR);
      expect(await storage.outbox.find(id), 'no longer wiped: it waits').to.include({ body });
    });

    it('is not tried again once its words are wiped', async () => {
      await using storage = await openStorage(await anHour());
      const { id, trace } = await parkedText(storage);
      await storage.wipeFinished(Date.now() + 2 * HOUR);
      expect(await storage.parked.outbox.find(trace)).to.have.nested.property('[0].isWiped', true);
      expect(await storage.parked.outbox.retry(id, Date.now())).to.equal(false);
    });

    it('is not given up any more once a report says that it arrived after all', async () => {
      const { id } = await parkedText();
      await use.storage.outbox.advance(id, 'delivered');
      expect(await use.storage.parked.outbox.count()).to.equal(0);
      expect(await use.storage.parked.outbox.retry(id, Date.now())).to.equal(false);
    });

    it('of which nobody can tell whether it left is found by its reference, and never tried again', async () => {
      const { outbox, parked } = use.storage;
      const row = (await outbox.add(outboxRow(await conversationId(use.storage), { trace: 'unknown1' }), NOW))!;
      await outbox.markSending(row.id);
      await outbox.advance(row.id, 'unknown');
      expect(await outbox.isUnknown('unknown1')).to.equal(true);
      expect(await outbox.isUnknown('other')).to.equal(false);
      expect(await parked.outbox.find('unknown1')).to.deep.equal([]);
      expect(await parked.outbox.retry(row.id, NOW)).to.equal(false);
    });
  });

  it('lists rows in the order in which they came, from where the last list ended', async () => {
    const { notices, parked } = use.storage;
    for (let n = 0; n < 5; n++) await notices.add(notice({ roomId: `!room${n}` as never, trace: `trace${n}` }), NOW);
    for (const { id } of [...(await notices.due(NOW, NONE, 10))].reverse()) await notices.park(id, 'PermanentError');
    const first = await parked.notices.list(0, 3);
    const rest = await parked.notices.list(first.at(-1)!.seq, 3);
    expect([...first, ...rest].map(({ reference }) => reference)).to.deep.equal(
      [0, 1, 2, 3, 4].map((n) => `trace${n}`),
    );
    expect(first[0]).to.include({ code: 'PermanentError', kind: 'notices' });
  });

  it('tells of what cannot be decrypted, and again where that is given up after a retry', async () => {
    const config = await bench.newConfig();
    await using storage = await openAndTell(config);
    const { id } = (await storage.inbox.add(inboxRow(), NOW))!;
    await bench.sql(config, "UPDATE inbox SET content = 'v1.AAAA'");
    const giveUp = () => storage.inbox.deliveries.due(Date.now(), NONE, 1);
    await giveUp();
    expect(await storage.parked.inbox.retry(id, NOW)).to.equal(true);
    await giveUp();
    expect(await storage.notices.depth(NOW)).to.include({ waiting: 2 });
    expect(await storage.parked.inbox.list(0, 9))
      .to.have.length(1)
      .and.have.nested.property('[0].code', 'unreadable');
  });

  it('undoes a retry with its transaction', async () => {
    const row = await withoutLine();
    const fault = new Error('no');
    const failed = await use.storage.transactions
      .run(async () => {
        await use.storage.inbox.giveLine(row, LINE);
        await use.storage.parked.inbox.retry(row.id, NOW);
        throw fault;
      })
      .catch((error: unknown) => error);
    expect(failed).to.equal(fault);
    expect(await due()).to.deep.equal([]);
    expect(await use.storage.inbox.find(row.id)).to.include({ lineId: undefined });
    expect(await use.storage.parked.inbox.count()).to.equal(1);
  });

  it('keeps how much of a text is in its room already', async () => {
    const row = (await use.storage.inbox.add(inboxRow(), NOW))!;
    await use.storage.inbox.noteParts(row.id, 2);
    expect((await due())[0]).to.include({ partsSent: 2 });
  });
}
