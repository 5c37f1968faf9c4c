import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { QueueRow } from '../../../src/model/rows.ts';
import { backoffMs } from '../../../src/model/backoff.ts';
import type { Handled } from '../../../src/model/handled.ts';
import { DurableQueue } from '../../../src/queue/durable-queue.ts';
import { MemoryQueueStore } from '../../support/memory-queue-store.ts';

const row = (id: string, lane = 'a'): QueueRow => ({ id, lane, attempts: 0, trace: id });

describe('durable queue', () => {
  let clock: SinonFakeTimers;
  let store: MemoryQueueStore<QueueRow>;
  let parked: string[];

  beforeEach(() => {
    clock = useFakeTimers();
    store = new MemoryQueueStore();
    parked = [];
  });
  afterEach(() => clock.restore());

  function queue(run: (row: QueueRow, signal: AbortSignal) => Promise<Handled>, options = {}) {
    const handler = { run, parked: async (row: QueueRow, code: string) => void parked.push(`${row.id} ${code}`) };
    return new DurableQueue(store, handler, { name: 'test', concurrency: 4, maxAttempts: 3, ...options }, silentLogger);
  }

  it('keeps the order within a lane and runs lanes side by side', async () => {
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const started: string[] = [];
    for (const [id, lane] of [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
    ] as const)
      store.add(row(id, lane));
    const subject = queue(async ({ id }) => {
      started.push(id);
      const gate = Promise.withResolvers<void>();
      gates.set(id, gate);
      await gate.promise;
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(1);
    expect(started).to.deep.equal(['1', '3']);
    gates.get('1')?.resolve();
    await clock.tickAsync(1);
    expect(started).to.deep.equal(['1', '3', '2']);
    for (const gate of gates.values()) gate.resolve();
    await subject.stop(0);
  });

  it('never has more lanes at work than allowed', async () => {
    let atWork = 0;
    let most = 0;
    for (let n = 0; n < 20; n++) store.add(row(`${n}`, `lane ${n}`));
    const subject = queue(async () => {
      most = Math.max(most, ++atWork);
      await new Promise((resolve) => setTimeout(resolve, 10));
      atWork--;
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(1_000);
    expect({ most, ended: store.ends.length }).to.deep.equal({ most: 4, ended: 20 });
    await subject.stop(0);
  });

  it('tries again with backoff while the fault may pass, holding back the lane', async () => {
    const tries: [string, number][] = [];
    store.add(row('1'));
    store.add(row('2'));
    const subject = queue(async ({ id }) => {
      tries.push([id, Date.now()]);
      if (id === '1' && tries.length < 3) throw new RetryableError('not now');
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(10_000);
    expect(tries.map(([id]) => id)).to.deep.equal(['1', '1', '1', '2']);
    const waits = [tries[1]![1] - tries[0]![1], tries[2]![1] - tries[1]![1]];
    expect(waits).to.deep.equal([backoffMs(1), backoffMs(2)]);
    await subject.stop(0);
  });

  it('begins nothing while it is hindered, and goes on when told', async () => {
    let isHindered = true;
    const tries: string[] = [];
    store.add(row('1'));
    const subject = queue(async ({ id }) => (tries.push(id), 'done'), { isHindered: () => isHindered });
    subject.notify();
    await clock.tickAsync(60_000);
    expect(tries).to.deep.equal([]);
    isHindered = false;
    subject.notify();
    await clock.tickAsync(1);
    expect(tries).to.deep.equal(['1']);
    await subject.stop(0);
  });

  it('waits at least as long as it was asked to', async () => {
    const tries: number[] = [];
    store.add(row('1'));
    const subject = queue(async () => {
      tries.push(Date.now());
      if (tries.length === 1) throw new RetryableError('slow down', { retryAfterMs: 30_000 });
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(60_000);
    expect(tries[1]! - tries[0]!).to.equal(30_000);
    await subject.stop(0);
  });

  const ENDS: readonly (readonly [string, () => Error, number])[] = [
    ['at once when it cannot be mended', () => new PermanentError('never'), 1],
    ['after all attempts when it does not pass', () => new RetryableError('not now'), 3],
    ['after five attempts when the handler has a bug', () => new TypeError('bug'), 5],
  ];
  for (const [when, fault, attempts] of ENDS) {
    it(`parks and reports ${when}, and goes on with the lane`, async () => {
      const tries: string[] = [];
      store.add(row('1'));
      store.add(row('2'));
      const subject = queue(async ({ id }) => {
        tries.push(id);
        if (id === '1') throw fault();
        return 'done';
      });
      subject.notify();
      await clock.tickAsync(120_000);
      expect(tries.filter((id) => id === '1')).to.have.length(attempts);
      expect(parked).to.deep.equal([`1 ${fault().name}`]);
      expect(store.ends.at(-1)).to.equal('2 completed');
      await subject.stop(0);
    });
  }

  it('does not count waiting for something outside as an attempt', async () => {
    let asked = 0;
    store.add(row('1'));
    const subject = queue(async () => (++asked < 10 ? { waitMs: 100, code: 'waiting' } : 'done'));
    subject.notify();
    await clock.tickAsync(5_000);
    expect(store.ends.at(-1)).to.equal('1 completed');
    expect(parked).to.deep.equal([]);
    await subject.stop(0);
  });

  it('leaves the end of a settled row to the handler', async () => {
    store.add(row('1'));
    const subject = queue(async () => {
      await store.complete('1');
      return 'settled';
    });
    subject.notify();
    await clock.tickAsync(1);
    expect(store.ends).to.deep.equal(['1 completed']);
    await subject.stop(0);
  });

  it('comes back when the store does', async () => {
    store.add(row('1'));
    store.failing = true;
    const subject = queue(async () => 'done');
    subject.notify();
    await clock.tickAsync(5_000);
    expect(store.ends).to.deep.equal([]);
    store.failing = false;
    await clock.tickAsync(2_000);
    expect(store.ends).to.deep.equal(['1 completed']);
    await subject.stop(0);
  });

  it('does not run a row over and over while the store can be read but not written', async () => {
    store.add(row('1'));
    store.failingWrites = true;
    let runs = 0;
    const subject = queue(async () => {
      runs++;
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(10_500);
    expect(runs).to.equal(11);
    store.failingWrites = false;
    await clock.tickAsync(1_000);
    expect(store.ends).to.deep.equal(['1 completed']);
    await subject.stop(0);
  });

  it('does not keep looking at the store while a lane is at work', async () => {
    const gate = Promise.withResolvers<void>();
    store.add(row('1'));
    store.add(row('2'));
    const subject = queue(async () => gate.promise.then(() => 'done'), { pollMs: 5_000 });
    subject.notify();
    await clock.tickAsync(20_000);
    expect(store.looks).to.be.at.most(5);
    gate.resolve();
    await clock.tickAsync(1);
    expect(store.ends).to.deep.equal(['1 completed', '2 completed']);
    await subject.stop(0);
  });

  it('runs a row that falls due while another lane is at work', async () => {
    const gate = Promise.withResolvers<void>();
    store.add(row('1', 'a'));
    store.add(row('2', 'b'));
    let tries = 0;
    const subject = queue(
      async ({ id }) => {
        if (id === '1') await gate.promise;
        else if (++tries === 1) throw new RetryableError('not now');
        return 'done';
      },
      { pollMs: 60_000 },
    );
    subject.notify();
    await clock.tickAsync(1_100);
    expect(store.ends).to.deep.equal(['2 retried', '2 completed']);
    gate.resolve();
    await subject.stop(0);
  });

  it('parks a row whose report fails all the same', async () => {
    store.add(row('1'));
    const handler = {
      run: async () => Promise.reject(new PermanentError('never')),
      parked: async () => Promise.reject(new Error('nobody can be told')),
    };
    const subject = new DurableQueue(store, handler, { name: 'test', concurrency: 1, maxAttempts: 3 }, silentLogger);
    subject.notify();
    await clock.tickAsync(1);
    expect(store.ends).to.deep.equal(['1 parked']);
    await subject.stop(0);
  });

  it('keeps a row whose report has to wait, and parks it when people can be told', async () => {
    store.add(row('1'));
    let isAway = true;
    const handler = {
      run: async () => Promise.reject(new PermanentError('never')),
      parked: async () => {
        if (isAway) throw new RetryableError('The database is away.');
      },
    };
    const subject = new DurableQueue(store, handler, { name: 'test', concurrency: 1, maxAttempts: 3 }, silentLogger);
    subject.notify();
    await clock.tickAsync(1_500);
    expect(store.ends).to.deep.equal([]);
    isAway = false;
    await clock.tickAsync(10_000);
    expect(store.ends).to.deep.equal(['1 parked']);
    await subject.stop(0);
  });

  it('reports before it parks, so that a crash in between hides nothing', async () => {
    store.add(row('1'));
    const order: string[] = [];
    const handler = {
      run: async () => Promise.reject(new PermanentError('never')),
      parked: async () => void order.push(...store.ends, 'reported'),
    };
    const subject = new DurableQueue(store, handler, { name: 'test', concurrency: 1, maxAttempts: 3 }, silentLogger);
    subject.notify();
    await clock.tickAsync(1);
    expect([...order, ...store.ends]).to.deep.equal(['reported', '1 parked']);
    await subject.stop(0);
  });

  it('finds rows that nobody told it of', async () => {
    const subject = queue(async () => 'done', { pollMs: 1_000 });
    subject.notify();
    await clock.tickAsync(1);
    store.add(row('1'));
    await clock.tickAsync(1_000);
    expect(store.ends).to.deep.equal(['1 completed']);
    await subject.stop(0);
  });

  it('drains on stop: waits for what is at work, aborts it after the grace, takes nothing new', async () => {
    store.add(row('1'));
    store.add(row('2'));
    let aborted = false;
    const subject = queue(async (_row, signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted = true;
      return 'done';
    });
    subject.notify();
    await clock.tickAsync(1);
    const stopped = subject.stop(500);
    await clock.tickAsync(499);
    expect(aborted).to.equal(false);
    await clock.tickAsync(1);
    await stopped;
    expect(store.ends).to.deep.equal(['1 completed']);
  });
});
