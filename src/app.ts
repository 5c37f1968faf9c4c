/** The composition root: `Config` -> a running `App`. The only file that knows all parts. */
import { commandList } from './commands/index.ts';
import { CommandRunner } from './commands/run-command.ts';
import type { Config } from './config/config.ts';
import { createHttpServer } from './http/server.ts';
import type { Logger } from './log.ts';
import { Appservice } from './matrix/appservice.ts';
import { openCrypto } from './matrix/crypto/crypto.ts';
import { Connection } from './matrix/connection.ts';
import { isInteresting } from './matrix/interest.ts';
import { MatrixHttp } from './matrix/matrix-http.ts';
import { RoomMembers } from './matrix/membership.ts';
import { PingLoop } from './matrix/ping.ts';
import { readRegistration } from './matrix/registration.ts';
import { MatrixRoomSender } from './matrix/room-sender.ts';
import { MatrixRooms } from './matrix/rooms.ts';
import { addQueueMetrics } from './matrix/queue-metrics.ts';
import { TransactionIntake } from './matrix/transaction-intake.ts';
import type { UserId } from './model/ids.ts';
import { isOurs, type Namespace } from './model/namespace.ts';
import type { QueueRow } from './model/rows.ts';
import type { QueueStore } from './ports/queue-store.ts';
import { DurableQueue } from './queue/durable-queue.ts';
import { AnswerKeyword } from './services/answer-keyword.ts';
import { ApplyReport } from './services/apply-report.ts';
import { DeliverToCarrier } from './services/deliver-to-carrier.ts';
import { DeliverToRoom } from './services/deliver-to-room.ts';
import { ensureCommandRoom } from './services/ensure-command-room.ts';
import { FollowUpgrade } from './services/follow-upgrade.ts';
import { HandleMatrixEvent } from './services/handle-matrix-event.ts';
import { HandleMembership } from './services/handle-membership.ts';
import { HandleRedaction } from './services/handle-redaction.ts';
import { HandleStaffMessage } from './services/handle-staff-message.ts';
import { Lines } from './services/lines.ts';
import { markInterrupted } from './services/mark-interrupted.ts';
import { Notifier } from './services/notifier.ts';
import { OpenConversation } from './services/open-conversation.ts';
import { PostNotice } from './services/post-notice.ts';
import { ReceiveSms } from './services/receive-sms.ts';
import { ReportParked } from './services/report-parked.ts';
import { SendAutomatic } from './services/send-automatic.ts';
import { SendToContact } from './services/send-to-contact.ts';
import { TellSender } from './services/tell-sender.ts';
import { createSmsCarriers } from './sms/index.ts';
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
/** Matrix events are retried for about nine hours before they are parked. */
const MATRIX_EVENT_ATTEMPTS = 60;

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
  const carriers = createSmsCarriers(config.carriers, config.http.publicUrl);
  const lines = new Lines(config.lines);
  const { transactions, settings, conversations, consents, outbox, inbox, notices, matrixEvents } = storage;

  // Matrix: what the homeserver tells us, and what we do there.
  const registration = readRegistration(config.appservice.registration, {
    domain: config.homeserver.domain,
    url: config.appservice.url,
    bot: config.appservice.bot,
    ghostPrefix: config.appservice.ghostPrefix,
  });
  const ping = new PingLoop(
    {
      homeserverUrl: config.homeserver.url,
      appserviceId: registration.id,
      asToken: registration.asToken,
      appserviceUrl: config.appservice.url,
      hasSeenPing: (id) => intake.hasSeenPing(id),
    },
    log,
  );
  const intake = new TransactionIntake({
    hsToken: registration.hsToken,
    store: matrixEvents,
    isInteresting: (event) => isInteresting(namespace, event),
    observe: (events) => members.observe(events),
    onCommitted: () => {
      matrixQueue.notify();
      crypto.wake();
    },
    onFault: () => ping.start(),
    log,
  });
  const appservice = await Appservice.create({
    homeserverUrl: config.homeserver.url,
    domain: config.homeserver.domain,
    listen: config.appservice.listen,
    registration,
    onRequest: intake.handle,
    version: about.version,
    log,
  });
  // The library has a timer from here on: without this, a start that fails below would never end. Closing twice does no harm.
  closing.defer(() => appservice.close());
  const { homeserver } = appservice;
  const members = new RoomMembers({ homeserver, namespace, cache: appservice.membershipCache });
  const rooms = new MatrixRooms({ homeserver, members, namespace, roomVersion: config.rooms.version, log });
  const crypto = closing.use(
    await openCrypto({
      config: config.encryption,
      http: new MatrixHttp({ url: config.homeserver.url, asToken: registration.asToken }),
      settings,
      bot: namespace.bot,
      isOurs: (user) => isOurs(namespace, user),
      joinedMembers: (roomId) => members.joined(roomId),
      log,
    }),
  );
  members.onChange(({ roomId, userId }) => crypto.membershipChanged(roomId, userId));
  const sender = new MatrixRoomSender({ encrypter: crypto, files: crypto.files, homeserver });

  // Use cases.
  const notifier = new Notifier({
    notices,
    settings,
    transactions,
    bot: namespace.bot,
    wake: () => noticeQueue.notify(),
  });
  const tell = new TellSender(conversations, notifier);
  const automatic = new SendAutomatic({
    outbox,
    transactions,
    texts: {
      warning: fillIn(config, config.consent.warning),
      'stop-confirmation': fillIn(config, config.consent.stopConfirmation),
      help: fillIn(config, config.consent.help),
    },
    wake: () => outboxQueue.notify(),
  });
  const opener = new OpenConversation({
    conversations,
    consents,
    rooms,
    sender,
    lines,
    namespace,
    commandPrefix: config.commands.prefix,
    log,
  });
  const { wordingVersion } = config.consent;
  const send = new SendToContact({
    outbox,
    events: matrixEvents,
    consents,
    lines,
    carriers,
    transactions,
    notifier,
    commandPrefix: config.commands.prefix,
    log,
    wake: () => outboxQueue.notify(),
  });
  const commands = new CommandRunner({
    commands: commandList({
      conversations,
      consents,
      opener,
      automatic,
      lines,
      namespace,
      country: config.practice.country,
      wordingVersion,
      transactions,
      prefix: config.commands.prefix,
    }),
    prefix: config.commands.prefix,
    lines,
    admins: config.admins,
    rooms,
    notifier,
  });
  const matrixEvent = new HandleMatrixEvent({
    conversations,
    events: matrixEvents,
    decrypter: crypto,
    settings,
    notifier,
    namespace,
    membership: new HandleMembership({
      namespace,
      rooms,
      conversations,
      inbox,
      notices,
      opener,
      wakeDeliveries: () => inboxQueue.notify(),
      wakeNotices: () => noticeQueue.notify(),
    }),
    redaction: new HandleRedaction({ outbox, events: matrixEvents, transactions, notifier }),
    upgrade: new FollowUpgrade({ rooms, conversations, settings, log }),
    message: new HandleStaffMessage({
      send,
      runCommand: (row, text, room) => commands.run(row, text, room),
      events: matrixEvents,
      transactions,
      notifier,
      commandPrefix: config.commands.prefix,
    }),
    keyNoticeAfterMs: config.encryption.keyNoticeAfterMs,
    log,
  });
  const keyword = new AnswerKeyword({
    conversations,
    consents,
    automatic,
    transactions,
    notifier,
    namespace,
    wordingVersion,
    log,
  });
  const toRoom = new DeliverToRoom({
    conversations,
    consents,
    opener,
    sender,
    automatic,
    notifier,
    carriers,
    media: storage.media,
    namespace,
    warnOnFirstContact: config.consent.warnOnFirstContact,
  });
  const toCarrier = new DeliverToCarrier({
    outbox,
    consents,
    conversations,
    carriers,
    lines,
    sender,
    tell,
    transactions,
    wordingVersion,
    commandPrefix: config.commands.prefix,
    log,
  });
  const postNotice = new PostNotice({ conversations, opener, sender, settings });
  const parked = new ReportParked({ notifier, tell, outbox, settings, transactions });

  // Queues.
  const { concurrency, maxAttempts } = config.queue;
  const forever = { concurrency, maxAttempts: Infinity };
  const isHindered = () => connection.problem !== undefined || crypto.isHomeserverAway;
  const matrixQueue = new DurableQueue(
    matrixEvents,
    { run: (row) => matrixEvent.handle(row), parked: (row) => parked.matrixEvent(row) },
    { name: 'matrix-events', concurrency, maxAttempts: MATRIX_EVENT_ATTEMPTS, isHindered },
    log,
  );
  const keywordQueue = new DurableQueue(
    inbox.keywords,
    { run: async (row) => (await keyword.answer(row), 'done'), parked: (row) => parked.inbox(row) },
    { name: 'keywords', ...forever },
    log,
  );
  const inboxQueue = new DurableQueue(
    inbox.deliveries,
    { run: (row, stopping) => toRoom.deliver(row, stopping), parked: (row) => parked.inbox(row) },
    { name: 'inbox', ...forever, isHindered },
    log,
  );
  const outboxQueue = new DurableQueue(
    outbox,
    { run: (row, stopping) => toCarrier.deliver(row, stopping), parked: (row) => parked.outbox(row) },
    { name: 'outbox', concurrency, maxAttempts },
    log,
  );
  const noticeQueue = new DurableQueue(
    notices,
    { run: (row) => postNotice.post(row), parked: (row) => parked.notice(row) },
    { name: 'notices', ...forever, isHindered },
    log,
  );

  const receive = new ReceiveSms({
    inbox,
    lines,
    notifier,
    country: config.practice.country,
    log,
    wakeDeliveries: () => inboxQueue.notify(),
    wakeKeywords: () => keywordQueue.notify(),
  });
  const report = new ApplyReport({
    outbox,
    conversations,
    consents,
    transactions,
    notifier,
    tell,
    wordingVersion,
    log,
  });
  addQueueMetrics(
    appservice.metrics,
    new Map<string, QueueStore<QueueRow>>([
      ['keywords', inbox.keywords],
      ['inbox', inbox.deliveries],
      ['outbox', outbox],
      ['matrix-events', matrixEvents],
      ['notices', notices],
    ]),
  );
  const connection = new Connection(async () => {
    await rooms.ensureGhost(namespace.bot, 'Carebridge');
    await crypto.start();
    const staff = new Set([...config.admins, ...config.lines.flatMap(({ team }) => team)]);
    await ensureCommandRoom({ rooms, settings, members: [...staff], log });
  }, log);
  const goOn = () => {
    for (const queue of [matrixQueue, inboxQueue, noticeQueue]) queue.notify();
  };
  void connection.connected.then(goOn);
  crypto.onHomeserverBack(goOn);
  crypto.onKeys(async () => {
    await matrixEvents.wake();
    matrixQueue.notify();
  });
  const server = closing.use(
    createHttpServer({
      carriers,
      receiveSms: (carrier, sms) => receive.receive(carrier, sms),
      applyReport: (carrier, delivery) => report.apply(carrier, delivery),
      checks: [
        { name: 'database', problem: () => storage.check() },
        { name: 'homeserver', problem: async () => connection.problem ?? crypto.problem },
      ],
      metrics: () => appservice.renderMetrics(),
      log,
    }),
  );
  // Ends in the reverse order: first nothing new comes in, then what is at work finishes, then the stores close.
  const queues = [keywordQueue, outboxQueue, matrixQueue, inboxQueue, noticeQueue];
  closing.defer(async () => void (await Promise.all(queues.map((queue) => queue.stop(DRAIN_MS)))));
  closing.defer(() => appservice.close());
  closing.defer(() => server.close());
  closing.defer(() => ping.stop());
  closing.defer(() => connection.stop());

  const wiping = setInterval(() => {
    storage.wipeFinished(Date.now()).catch((error: unknown) => log.error('wipe.failed', { error }));
  }, WIPE_EVERY_MS);
  closing.defer(() => clearInterval(wiping));
  // Start: what a dead process left behind, then doors open, then the homeserver is waited for.
  await markInterrupted({ outbox, transactions, tell, log });
  const port = await server.listen(config.http);
  await appservice.listen();
  ping.start();
  connection.start();
  for (const queue of [keywordQueue, outboxQueue]) queue.notify();
  log.info('bridge.listening', { port });

  const resources = closing.move();
  return {
    port,
    connected: connection.connected,
    failed: connection.failed,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Puts the practice's name and contact into a text to patients. */
function fillIn({ practice }: Config, text: string): string {
  return text.replaceAll('{practice}', practice.name).replaceAll('{contact}', practice.contact);
}
