import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { QueueRow } from '../model/rows.ts';
import type { QueueStore } from '../ports/queue-store.ts';
import { DurableQueue } from '../queue/durable-queue.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Messages } from './messages.ts';

/** Matrix events are retried for about nine hours before they are parked. */
const MATRIX_EVENT_ATTEMPTS = 60;

type Queue = Pick<DurableQueue<QueueRow>, 'notify' | 'stop'>;

/** The queues that run the durable rows. */
export type Queues = Readonly<Record<'matrixEvents' | 'keywords' | 'inbox' | 'outbox' | 'notices', Queue>>;

/** While one of these is true, nothing is begun. */
export interface Hindrances {
  /** Of all queues: it is not sure that this is the only bridge on the database. */
  readonly all: () => boolean;
  /** Of those that need the homeserver: it is away. */
  readonly homeserver: () => boolean;
}

/** Joins each durable table with the use case that works on its rows. */
export function makeQueues(
  config: Config['queue'],
  storage: Storage,
  messages: Messages,
  hindrances: Hindrances,
  log: Logger,
): Queues {
  const { concurrency, maxAttempts } = config;
  const forever = { concurrency, maxAttempts: Infinity };
  const alone = { isHindered: hindrances.all };
  const onHomeserver = { isHindered: () => hindrances.all() || hindrances.homeserver() };
  const { inbox, outbox, notices, matrixEvents } = storage;
  const { matrixEvent, keyword, toRoom, toCarrier, postNotice, parked } = messages;
  return {
    matrixEvents: new DurableQueue(
      matrixEvents,
      { run: (row) => matrixEvent.handle(row), parked: (row) => parked.matrixEvent(row) },
      { name: 'matrix-events', concurrency, maxAttempts: MATRIX_EVENT_ATTEMPTS, ...onHomeserver },
      log,
    ),
    keywords: new DurableQueue(
      inbox.keywords,
      { run: async (row) => (await keyword.answer(row), 'done'), parked: (row) => parked.keyword(row) },
      { name: 'keywords', ...forever, ...alone },
      log,
    ),
    inbox: new DurableQueue(
      inbox.deliveries,
      { run: (row, stopping) => toRoom.deliver(row, stopping), parked: (row) => parked.inbox(row) },
      { name: 'inbox', ...forever, ...onHomeserver },
      log,
    ),
    outbox: new DurableQueue(
      outbox,
      { run: (row, stopping) => toCarrier.deliver(row, stopping), parked: (row) => parked.outbox(row) },
      { name: 'outbox', concurrency, maxAttempts, ...alone },
      log,
    ),
    notices: new DurableQueue(
      notices,
      { run: (row) => postNotice.post(row), parked: (row) => parked.notice(row) },
      { name: 'notices', ...forever, ...onHomeserver },
      log,
    ),
  };
}

/** The tables behind the queues, by the names that metrics use. */
export function queueTables({
  inbox,
  outbox,
  notices,
  matrixEvents,
  archiveQueue,
}: Storage): ReadonlyMap<string, Pick<QueueStore<QueueRow>, 'depth'>> {
  return new Map<string, Pick<QueueStore<QueueRow>, 'depth'>>([
    ['keywords', inbox.keywords],
    ['inbox', inbox.deliveries],
    ['outbox', outbox],
    ['matrix-events', matrixEvents],
    ['notices', notices],
    ['archive', archiveQueue],
  ]);
}
