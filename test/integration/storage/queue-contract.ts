/** What `QueueStore` promises, run over each of the five queues. */
import { expect } from 'chai';
import type { QueueRow } from '../../../src/model/rows.ts';
import type { QueueStore } from '../../../src/ports/queue-store.ts';
import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import { conversationId, inboxRow, LINE, matrixEvent, newGhost, notice, outboxRow, PATIENT } from './builders.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { RoomId } from '../../../src/model/ids.ts';
import type { UnreadableRow } from '../../../src/storage/storage-parts.ts';
import type { StorageBench, StorageConfig } from './storage-bench.ts';

/** One of the queues. `add` puts a row into the n-th lane. */
interface QueueUnderTest {
  readonly name: string;
  readonly table: string;
  queue(storage: Storage): QueueStore<QueueRow>;
  add(storage: Storage, lane: number, now: number): Promise<void>;
  /** Wakes the n-th lane, where the port can. */
  wake?(storage: Storage, lane: number): Promise<void>;
}

const patient = (lane: number) => `+121255501${String(10 + lane)}` as PhoneNumber;
const room = (lane: number) => `!room${lane}` as RoomId;

const QUEUES: readonly QueueUnderTest[] = [
  {
    name: 'inbox.deliveries',
    table: 'inbox',
    queue: ({ inbox }) => inbox.deliveries,
    add: async ({ inbox }, lane, now) => void (await inbox.add(inboxRow({ from: patient(lane) }), now)),
    wake: ({ inbox, conversations }, lane) => inbox.wake(conversations.inboxLane(LINE, patient(lane))),
  },
  {
    name: 'inbox.keywords',
    table: 'inbox',
    queue: ({ inbox }) => inbox.keywords,
    add: async ({ inbox }, lane, now) =>
      void (await inbox.add(inboxRow({ from: patient(lane), keyword: 'stop' }), now)),
  },
  {
    name: 'outbox',
    table: 'outbox',
    queue: ({ outbox }) => outbox,
    async add({ outbox, conversations }, lane, now) {
      const { id } = await conversations.findOrCreate(LINE, patient(lane), newGhost);
      await outbox.add(outboxRow(id), now);
    },
  },
  {
    name: 'notices',
    table: 'notices',
    queue: ({ notices }) => notices,
    add: async ({ notices }, lane, now) => void (await notices.add(notice({ roomId: room(lane) }), now)),
    wake: ({ notices }, lane) => notices.wake(room(lane)),
  },
  {
    name: 'matrixEvents',
    table: 'matrix_events',
    queue: ({ matrixEvents }) => matrixEvents,
    add: async ({ matrixEvents }, lane, now) =>
      void (await matrixEvents.addTransaction(
        `t${Math.trunc(performance.now() * 1e6)}`,
        [matrixEvent({ room_id: room(lane) })],
        now,
      )),
    wake: ({ matrixEvents }, lane) => matrixEvents.wake(room(lane)),
  },
];

const NOW = 1_000_000;
const NONE: ReadonlySet<string> = new Set();

/** Defines the tests of all queues on `bench`. */
export function queueContract(bench: StorageBench): void {
  for (const subject of QUEUES) {
    describe(subject.name, () => {
      let config: StorageConfig;
      let storage: Storage;
      let queue: QueueStore<QueueRow>;

      before(async () => {
        config = await bench.newConfig();
      });
      let unreadable: UnreadableRow[];
      const open = () => openStorage(config, async (row) => void unreadable.push(row));
      beforeEach(async () => {
        unreadable = [];
        storage = await open();
        queue = subject.queue(storage);
      });
      afterEach(async () => {
        await storage.close();
        await bench.sql(config, `DELETE FROM ${subject.table}`);
      });

      const add = async (...lanes: number[]) => {
        for (const lane of lanes) await subject.add(storage, lane, NOW);
      };
      const due = (now = NOW, busy = NONE, limit = 10) => queue.due(now, busy, limit);
      const first = async () => (await due())[0] as QueueRow;

      it('hands out the oldest row of each lane, oldest first, and goes on when it ends', async () => {
        await add(1, 1, 2, 1, 3);
        const heads = await due();
        expect(new Set(heads.map(({ lane }) => lane))).to.have.length(3);
        expect(heads.map(({ attempts }) => attempts)).to.deep.equal([0, 0, 0]);
        await queue.complete((heads[0] as QueueRow).id);
        const next = await due();
        expect(next.map(({ lane }) => lane)).to.deep.equal(heads.map(({ lane }) => lane));
        expect(next.map(({ id }) => id)).not.to.include(heads[0]?.id);
      });

      it('leaves busy lanes alone and keeps to the limit', async () => {
        await add(1, 2, 3);
        const [one, two, three] = await due();
        expect(await due(NOW, new Set([(one as QueueRow).lane]))).to.deep.equal([two, three]);
        expect(await due(NOW, NONE, 2)).to.deep.equal([one, two]);
      });

      it('holds a lane back while its oldest row is not due', async () => {
        await add(1, 1);
        const row = await first();
        await queue.retry(row.id, NOW + 500, 'RetryableError', true);
        expect(await due(NOW + 499)).to.deep.equal([]);
        expect(await due(NOW + 500)).to.deep.equal([{ ...row, attempts: 1 }]);
      });

      it('hands out a new row though the clock was set back', async () => {
        await add(1);
        expect(await due(NOW - 500_000)).to.have.length(1);
      });

      it('counts attempts, and waiting for something outside as none', async () => {
        await add(1);
        const { id } = await first();
        await queue.retry(id, NOW, 'RetryableError', true);
        await queue.retry(id, NOW, 'waiting', false);
        await queue.retry(id, NOW, 'RetryableError', true);
        expect((await first()).attempts).to.equal(2);
      });

      it('tells when the next row falls due', async () => {
        expect(await queue.nextDueAt(NOW)).to.equal(undefined);
        await add(1, 2);
        const [one, two] = await due();
        expect(await queue.nextDueAt(NOW)).to.equal(undefined);
        await queue.retry((one as QueueRow).id, NOW + 700, 'x', true);
        await queue.retry((two as QueueRow).id, NOW + 300, 'x', true);
        expect(await queue.nextDueAt(NOW)).to.equal(NOW + 300);
        expect(await queue.nextDueAt(NOW + 300)).to.equal(NOW + 700);
      });

      it('parks a row: it is kept and its lane goes on', async () => {
        await add(1, 1);
        const { id } = await first();
        await queue.park(id, 'PermanentError');
        expect((await first()).id).not.to.equal(id);
        expect(await queue.depth(NOW + 5)).to.deep.equal({ waiting: 1, parked: 1, oldestAgeMs: 5 });
        const [kept] = await bench.sql(
          config,
          `SELECT COUNT(*) FROM ${subject.table} WHERE id = '${id}' AND content IS NOT NULL`,
        );
        expect(kept).to.equal('1');
      });

      it('gives up a row that cannot be decrypted, says so, and hands out the next of the lane', async () => {
        await add(1, 1);
        const { id, trace } = await first();
        await bench.sql(config, `UPDATE ${subject.table} SET content = 'v1.AAAA' WHERE id = '${id}'`);
        await storage.close();
        storage = await open();
        queue = subject.queue(storage);
        expect(await due()).to.deep.equal([]);
        expect(unreadable).to.deep.equal([{ table: subject.table, id, trace }]);
        expect((await due()).map((row) => row.id))
          .to.have.length(1)
          .and.not.include(id);
        expect(await queue.depth(NOW)).to.include({ waiting: 1, parked: 1 });
      });

      it('does not bring back a row that ended meanwhile', async () => {
        await add(1);
        const { id } = await first();
        await queue.complete(id);
        await queue.retry(id, NOW, 'late', true);
        await queue.park(id, 'late');
        expect(await due()).to.deep.equal([]);
        expect(await queue.depth(NOW)).to.deep.equal({ waiting: 0, parked: 0, oldestAgeMs: 0 });
      });

      it('undoes an end with its transaction', async () => {
        await add(1);
        const row = await first();
        const fault = new Error('no');
        const failed = await storage.transactions
          .run(async () => {
            await queue.complete(row.id);
            throw fault;
          })
          .catch((error: unknown) => error);
        expect(failed).to.equal(fault);
        expect(await first()).to.deep.equal(row);
      });

      it('keeps its rows, their order and their attempts over a restart', async () => {
        await add(1, 2, 1);
        const [one] = await due();
        await queue.retry((one as QueueRow).id, NOW, 'x', true);
        const before = await due();
        await storage.close();
        storage = await openStorage(config);
        queue = subject.queue(storage);
        expect(await due()).to.deep.equal(before);
      });

      const { wake } = subject;
      if (wake === undefined) return;

      it('wakes what only waits for something outside, in that lane', async () => {
        await add(1, 2, 3);
        const rows = await due();
        for (const { id } of rows.slice(0, 2)) await queue.retry(id, NOW + 60_000, 'waiting', false);
        await queue.retry((rows[2] as QueueRow).id, NOW + 60_000, 'backoff', true);
        await wake(storage, 1);
        await wake(storage, 3);
        expect(await due()).to.deep.equal([rows[0]]);
      });

      it('does not lose a wake-up between the look at the outside and the retry', async () => {
        await add(1);
        const row = await first();
        await wake(storage, 1);
        await queue.retry(row.id, NOW + 60_000, 'waiting', false);
        expect(await due()).to.deep.equal([row]);
        await queue.retry(row.id, NOW + 60_000, 'waiting', false);
        expect(await due()).to.deep.equal([]);
      });
    });
  }

  it('keeps an inbox row with a keyword until both of its queues are through with it', async () => {
    const config = await bench.newConfig();
    await using storage = await openStorage(config);
    const isWiped = async () =>
      (await bench.sql(config, 'SELECT COUNT(*) FROM inbox WHERE content IS NULL'))[0] === '1';
    for (const order of [
      ['keywords', 'deliveries'],
      ['deliveries', 'keywords'],
    ] as const) {
      await bench.sql(config, 'DELETE FROM inbox');
      await storage.inbox.add(inboxRow({ keyword: 'stop', from: PATIENT }), NOW);
      for (const [step, name] of order.entries()) {
        const [row] = await storage.inbox[name].due(NOW, NONE, 1);
        expect(row).to.include({ body: 'When may I come?', keyword: 'stop', from: PATIENT });
        await storage.inbox[name].complete((row as QueueRow).id);
        expect(await isWiped(), `${name} at ${step}`).to.equal(step === 1);
      }
    }
  });

  it('parks a row that somebody moved or changed, and goes on with the others', async () => {
    const config = await bench.newConfig();
    await using storage = await openStorage(config);
    await conversationId(storage);
    for (const n of [1, 2]) await storage.notices.add(notice({ roomId: room(n) }), NOW);
    await bench.sql(config, `UPDATE notices SET content = (SELECT content FROM notices WHERE lane = '${room(2)}')`);
    const rows = await storage.notices.due(NOW, NONE, 10);
    expect(rows.map(({ lane }) => lane)).to.deep.equal([room(2)]);
    expect(await storage.notices.depth(NOW)).to.include({ waiting: 1, parked: 1 });
  });
}
