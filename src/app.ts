/** The composition root: `Config` -> a running `App`. With `app/`, the only place that knows all parts. */
import { makeAccountControl } from './app/accounts.ts';
import { startBackground } from './app/background.ts';
import { makeCommands } from './app/commands.ts';
import { makeCommonParts, type Wake } from './app/common-parts.ts';
import { makeGovernance } from './app/governance.ts';
import { Grace, GRACE_MS } from './app/grace.ts';
import { openMatrixSide } from './app/matrix-side.ts';
import { makeMessages } from './app/messages.ts';
import { makeQueues, queueTables, type Hindrances } from './app/queues.ts';
import { openStores } from './app/stores.ts';
import { takeUp } from './app/take-up.ts';
import type { Config } from './config/config.ts';
import { createHttpServer } from './http/server.ts';
import type { Logger } from './log.ts';
import { Connection } from './matrix/connection.ts';
import { addQueueMetrics } from './matrix/queue-metrics.ts';
import type { UserId } from './model/ids.ts';
import type { Namespace } from './model/namespace.ts';
import { ensureCommandRoom } from './services/ensure-command-room.ts';
import type { UnreadableRow } from './storage/storage-parts.ts';

/** A running bridge. */
export interface App extends AsyncDisposable {
  /** Where carriers, health and metrics are served. */
  readonly port: number;
  /** Settles when the homeserver was reached and the command room is there. */
  readonly connected: Promise<void>;
  /** Rejects with the ConfigError that was found out only then, e.g. that another bridge has the database by now; never resolves. */
  readonly failed: Promise<never>;
}

/** Facts about the running program. */
export interface AppFacts {
  readonly version: string;
  /** What the configuration file is called, for words to administrators. */
  readonly configFile: string;
  /** What is at work when the bridge stops has so long to finish, ms. */
  readonly graceMs?: number;
}

/**
 * Starts the bridge and returns once it listens. Throws ConfigError where it cannot run as it is set up; a homeserver that is away is no
 * such reason: it is waited for.
 */
export async function startApp(config: Config, log: Logger, about: AppFacts): Promise<App> {
  await using closing = new AsyncDisposableStack();
  const grace = new Grace(about.graceMs ?? GRACE_MS, log);
  const namespace: Namespace = {
    bot: `@${config.appservice.bot}:${config.homeserver.domain}` as UserId,
    ghostPrefix: config.appservice.ghostPrefix,
    domain: config.homeserver.domain,
  };
  const onUnreadable = async (row: UnreadableRow): Promise<void> => {
    log.error('queue.unreadable', { queue: row.table, trace: row.trace });
    await messages.parked.unreadable(row);
  };
  const { only, storage, archive, auditKey, governedRooms } = await openStores(config, onUnreadable, closing, log);
  const matrix = await openMatrixSide({
    config,
    namespace,
    storage,
    log,
    closing,
    version: about.version,
    giveUp: grace.over,
    isGoverned: governedRooms.has,
    onChanged: (changed) => governance.govern.roomsChanged(changed),
    onCommitted: () => queues.matrixEvents.notify(),
  });
  const { appservice, ping, rooms, crypto } = matrix;
  const wake: Wake = {
    inbox: () => queues.inbox.notify(),
    keywords: () => queues.keywords.notify(),
    outbox: () => queues.outbox.notify(),
    notices: () => queues.notices.notify(),
  };
  const parts = makeCommonParts({ config, namespace, storage, archive, governedRooms, matrix, wake, log });
  const { archiving } = parts;
  const governance = makeGovernance(parts, config, matrix, about.configFile, auditKey);
  const accounts = makeAccountControl(parts, governance, config, matrix);
  const commands = makeCommands(parts, governance, accounts, config, storage);
  const messages = makeMessages(parts, governance, config, commands, wake);
  const hindrances: Hindrances = {
    all: () => only.problem !== undefined,
    homeserver: () => connection.problem !== undefined || crypto.isHomeserverAway,
  };
  const queues = makeQueues(config.queue, storage, messages, hindrances, log);
  addQueueMetrics(appservice.metrics, queueTables(storage));

  const connection = new Connection(async () => {
    await rooms.ensureGhost(namespace.bot, 'Carebridge');
    await crypto.start();
    await governance.lostRooms.look();
    await ensureCommandRoom(parts);
  }, log);
  const goOn = () => {
    background.homeserverIsThere();
    ping.homeserverIsBack();
    for (const queue of [queues.matrixEvents, queues.inbox, queues.notices]) queue.notify();
  };
  void connection.connected.then(goOn);
  crypto.onHomeserverBack(goOn);
  crypto.onDevicesChanged((users) => accounts.watchSignIns.devicesChanged(users));
  crypto.onKeys(async () => {
    await storage.matrixEvents.wake();
    queues.matrixEvents.notify();
  });
  const server = closing.use(
    createHttpServer({
      carriers: parts.carriers,
      receiveSms: (carrier, sms) => messages.receive.receive(carrier, sms),
      applyReport: (carrier, delivery) => messages.report.apply(carrier, delivery),
      checks: [
        { name: 'database', problem: async () => only.problem ?? (await storage.check()) },
        { name: 'homeserver', problem: async () => connection.problem ?? crypto.problem ?? ping.problem },
        ...(archiving ? [{ name: 'archive', problem: () => archiving.problem() }] : []),
      ],
      metrics: () => appservice.renderMetrics(),
      log,
    }),
  );
  // Ends in the reverse order: nothing new comes in and what is at work finishes, then the stores close.
  const working: ((graceMs: number) => PromiseLike<unknown>)[] = [
    () => connection.stop(),
    () => ping.stop(),
    () => server.close(),
    () => appservice.close(),
    ...Object.values(queues).map((queue) => (graceMs: number) => queue.stop(graceMs)),
  ];
  closing.defer(() => grace.stop(working));

  // Start: first what is there already, then doors open, then the homeserver is waited for.
  await takeUp(parts, accounts, config);
  const background = startBackground(parts, governance, accounts, commands, storage, log);
  working.push(() => background[Symbol.asyncDispose]());
  const port = await server.listen(config.http);
  await appservice.listen();
  ping.start();
  connection.start();
  for (const queue of [queues.keywords, queues.outbox]) queue.notify();
  log.info('bridge.listening', { port });

  const failed = Promise.race([connection.failed, only.failed]);
  failed.catch(() => undefined);
  const resources = closing.move();
  return {
    port,
    connected: connection.connected,
    failed,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
