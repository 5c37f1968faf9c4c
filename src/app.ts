/** The composition root: `Config` -> a running `App`. With `app/`, the only place that knows all parts. */
import { makeCommonParts, type Wake } from './app/common-parts.ts';
import { openMatrixSide } from './app/matrix-side.ts';
import { makeMessages } from './app/messages.ts';
import { makeQueues, queueTables } from './app/queues.ts';
import { commandList } from './commands/index.ts';
import { CommandRunner } from './commands/run-command.ts';
import type { Config } from './config/config.ts';
import { createHttpServer } from './http/server.ts';
import type { Logger } from './log.ts';
import { Connection } from './matrix/connection.ts';
import { addQueueMetrics } from './matrix/queue-metrics.ts';
import type { UserId } from './model/ids.ts';
import type { Namespace } from './model/namespace.ts';
import { ensureCommandRoom } from './services/ensure-command-room.ts';
import { markInterrupted } from './services/mark-interrupted.ts';
import { openStorage } from './storage/open-storage.ts';

/** A running bridge. */
export interface App extends AsyncDisposable {
  /** Where carriers, health and metrics are served. */
  readonly port: number;
  /** Settles when the homeserver was reached and the command room is there. */
  readonly connected: Promise<void>;
  /** Rejects with the ConfigError that was found out only then; never resolves. */
  readonly failed: Promise<never>;
}

/** How often finished rows are looked through for what may be wiped, ms. */
const WIPE_EVERY_MS = 60_000;
/** How long rows at work have to finish when the bridge stops, ms. */
const DRAIN_MS = 10_000;
/**
 * Starts the bridge and answers once it listens. Throws ConfigError where it cannot run as it is set up; a homeserver that is away is no
 * such reason: it is waited for.
 */
export async function startApp(config: Config, log: Logger, about: { readonly version: string }): Promise<App> {
  await using closing = new AsyncDisposableStack();
  const namespace: Namespace = {
    bot: `@${config.appservice.bot}:${config.homeserver.domain}` as UserId,
    ghostPrefix: config.appservice.ghostPrefix,
    domain: config.homeserver.domain,
  };
  const storage = closing.use(await openStorage(config));
  const matrix = await openMatrixSide({
    ...{ config, namespace, storage, log, closing },
    version: about.version,
    observe: () => undefined,
    onCommitted: () => queues.matrixEvents.notify(),
  });
  const { appservice, ping, rooms, crypto } = matrix;
  const wake: Wake = {
    inbox: () => queues.inbox.notify(),
    keywords: () => queues.keywords.notify(),
    outbox: () => queues.outbox.notify(),
    notices: () => queues.notices.notify(),
  };
  const parts = makeCommonParts({ config, namespace, storage, matrix, wake, log });
  const { commandPrefix: prefix } = parts;
  const commands = new CommandRunner({
    ...parts,
    prefix,
    admins: config.admins,
    commands: commandList({ ...parts, prefix }),
  });
  const messages = makeMessages(parts, config, commands, wake);
  const isHindered = () => connection.problem !== undefined || crypto.isHomeserverAway;
  const queues = makeQueues(config.queue, storage, messages, isHindered, log);
  addQueueMetrics(appservice.metrics, queueTables(storage));

  const connection = new Connection(async () => {
    await rooms.ensureGhost(namespace.bot, 'Carebridge');
    await crypto.start();
    const staff = new Set([...config.admins, ...config.lines.flatMap(({ team }) => team)]);
    await ensureCommandRoom({ ...parts, members: [...staff] });
  }, log);
  const goOn = () => {
    for (const queue of [queues.matrixEvents, queues.inbox, queues.notices]) queue.notify();
  };
  void connection.connected.then(goOn);
  crypto.onHomeserverBack(goOn);
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
        { name: 'database', problem: () => storage.check() },
        { name: 'homeserver', problem: async () => connection.problem ?? crypto.problem },
      ],
      metrics: () => appservice.renderMetrics(),
      log,
    }),
  );
  // Ends in the reverse order: first nothing new comes in, then what is at work finishes, then the stores close.
  closing.defer(async () => void (await Promise.all(Object.values(queues).map((queue) => queue.stop(DRAIN_MS)))));
  closing.defer(() => appservice.close());
  closing.defer(() => server.close());
  closing.defer(() => ping.stop());
  closing.defer(() => connection.stop());

  const wiping = setInterval(() => {
    storage.wipeFinished(Date.now()).catch((error: unknown) => log.error('wipe.failed', { error }));
  }, WIPE_EVERY_MS);
  closing.defer(() => clearInterval(wiping));
  // Start: what a dead process left behind, then doors open, then the homeserver is waited for.
  await markInterrupted(parts);
  const port = await server.listen(config.http);
  await appservice.listen();
  ping.start();
  connection.start();
  for (const queue of [queues.keywords, queues.outbox]) queue.notify();
  log.info('bridge.listening', { port });

  const resources = closing.move();
  return {
    port,
    connected: connection.connected,
    failed: connection.failed,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
