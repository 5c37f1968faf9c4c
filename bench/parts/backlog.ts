/** What a waiting text costs the queue where many others wait: the oldest is taken and ended, again and again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import { newOpaqueId, type LineId } from '../../src/model/ids.ts';
import { openStorage, type Storage } from '../../src/storage/open-storage.ts';
import { patientNumbers } from '../numbers.ts';
import type { PartResult, Plan } from '../plan.ts';
import { median, round } from '../statistics.ts';
import { writeStorageConfig } from '../storage-config.ts';

const TEXTS_EACH = 10;
const TAKEN = 300;
const LINE = 'front-desk' as LineId;

/** Needs no homeserver. */
export async function measureBacklog({ backlog }: Plan): Promise<PartResult> {
  const small = Math.round(backlog / 100);
  // The first time code is still being compiled.
  await costPerRow(small);
  const [fewMs, manyMs] = [await costPerRow(small), await costPerRow(backlog)];
  return {
    name: 'backlog',
    title: `A backlog of ${backlog} texts, ${TEXTS_EACH} for each conversation, SQLite`,
    findings: [
      {
        what: `Time to take and end a text, ${backlog} against ${small} waiting`,
        value: round(manyMs / fewMs),
        unit: '',
        goal: { atMost: 1.5 },
        note: `${round(manyMs)} ms and ${round(fewMs)} ms; medians of ${TAKEN}`,
      },
    ],
    details: { manyMs, fewMs },
  };
}

/** Median. ms. */
async function costPerRow(waiting: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'carebridge-bench-backlog-'));
  try {
    await using storage = await openStorage(loadConfig(await writeStorageConfig(folder), {}));
    await fill(storage, waiting);
    const { deliveries } = storage.inbox;
    const times: number[] = [];
    for (let taken = 0; taken < TAKEN; taken++) {
      const from = performance.now();
      const [row] = await deliveries.due(Date.now(), new Set(), 1);
      if (row === undefined) throw new Error('nothing waits');
      await deliveries.complete(row.id);
      await deliveries.nextDueAt(Date.now());
      times.push(performance.now() - from);
    }
    return median(times);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill({ inbox, transactions }: Storage, waiting: number): Promise<void> {
  const numbers = patientNumbers(waiting / TEXTS_EACH);
  await transactions.run(async () => {
    for (let n = 0; n < waiting; n++) {
      const from = numbers[n % numbers.length]!;
      const text = {
        carrier: 'loopback',
        carrierMessageId: newOpaqueId(),
        lineId: LINE,
        from,
        body: 'When may I come?',
      };
      await inbox.add({ ...text, media: [], keyword: undefined }, Date.now());
    }
  });
}
