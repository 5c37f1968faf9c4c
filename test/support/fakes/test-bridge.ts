/** The real services and commands over given stores, with fakes outside, run step by step. */
import { givenLostDevice } from '../../../src/commands/lost-device.ts';
import { CommandRunner } from '../../../src/commands/run-command.ts';
import { commandList } from '../../../src/commands/index.ts';
import type { Command } from '../../../src/commands/command.ts';
import { PermanentError, RetryableError } from '../../../src/errors.ts';
import { silentLogger, type Logger } from '../../../src/log.ts';
import type { Conversation } from '../../../src/model/conversation.ts';
import type { ConsentState } from '../../../src/model/consent.ts';
import type { EventId, LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { MatrixEvent, MediaReference, QueueRow } from '../../../src/model/rows.ts';
import type { EventDecrypter } from '../../../src/ports/event-decrypter.ts';
import type { QueueStore } from '../../../src/ports/queue-store.ts';
import type { RoomSender } from '../../../src/ports/room-sender.ts';
import type { Rooms } from '../../../src/ports/rooms.ts';
import type { SmsCarrier } from '../../../src/ports/sms-carrier.ts';
import { AnswerKeyword } from '../../../src/services/answer-keyword.ts';
import { ApplyReport } from '../../../src/services/apply-report.ts';
import { CheckIdentity } from '../../../src/services/check-identity.ts';
import { DeliverToCarrier } from '../../../src/services/deliver-to-carrier.ts';
import { DeliverToRoom } from '../../../src/services/deliver-to-room.ts';
import { DeliverToSecurity } from '../../../src/services/deliver-to-security.ts';
import { DropParked } from '../../../src/services/drop-parked.ts';
import { FollowUpgrade } from '../../../src/services/follow-upgrade.ts';
import { GiveRole } from '../../../src/services/give-role.ts';
import { HandleMatrixEvent } from '../../../src/services/handle-matrix-event.ts';
import { HandleMembership } from '../../../src/services/handle-membership.ts';
import { HandleRedaction } from '../../../src/services/handle-redaction.ts';
import { HandleStaffMessage } from '../../../src/services/handle-staff-message.ts';
import type { Handled } from '../../../src/model/handled.ts';
import { ImportRoles } from '../../../src/services/import-roles.ts';
import { Lines } from '../../../src/services/lines.ts';
import { ListRoles } from '../../../src/services/list-roles.ts';
import { markInterrupted } from '../../../src/services/mark-interrupted.ts';
import type { MakeGovernedRoom, RoomToMake } from '../../../src/services/make-governed-room.ts';
import { NoteSaid } from '../../../src/services/note-said.ts';
import { Notifier } from '../../../src/services/notifier.ts';
import { OpenConversation } from '../../../src/services/open-conversation.ts';
import type { PolicyInEffect } from '../../../src/services/policy-in-effect.ts';
import { PostNotice } from '../../../src/services/post-notice.ts';
import { ReadAttachedText } from '../../../src/services/read-attached-text.ts';
import { ReceiveSms } from '../../../src/services/receive-sms.ts';
import { ReportParked } from '../../../src/services/report-parked.ts';
import { RetryParked } from '../../../src/services/retry-parked.ts';
import { ReviewAccess } from '../../../src/services/review-access.ts';
import { SendAutomatic } from '../../../src/services/send-automatic.ts';
import { ReplaceLostRooms } from '../../../src/services/replace-lost-rooms.ts';
import { SayText } from '../../../src/services/say-text.ts';
import { SendToContact } from '../../../src/services/send-to-contact.ts';
import { TakeRole } from '../../../src/services/take-role.ts';
import { tellLineAdded } from '../../../src/services/tell-line-added.ts';
import { TellSender } from '../../../src/services/tell-sender.ts';
import { lineTeamPolicy } from '../line-team-policy.ts';
import { FakeCarrier, FakeMmsCarrier } from './fake-carrier.ts';
import { FakeDecrypter } from './fake-decrypter.ts';
import { FakeRoomSender } from './fake-room-sender.ts';
import { accountServices } from './account-services.ts';
import { emergencyServices } from './emergency-services.ts';
import { FakeRoomControl } from './fake-room-control.ts';
import { FakeRooms } from './fake-rooms.ts';
import type { Stores } from './memory-storage.ts';
import { roomServices } from './room-services.ts';

export const NAMESPACE = { bot: '@care:hospital.test' as UserId, ghostPrefix: '_care_', domain: 'hospital.test' };
export const NURSE = '@nurse:hospital.test' as UserId;
export const CLERK = '@clerk:hospital.test' as UserId;
export const ADMIN = '@admin:hospital.test' as UserId;
export const VISITOR = '@visitor:hospital.test' as UserId;
export const GHOST = '@_care_someone:hospital.test' as UserId;
export const COMMAND_ROOM = '!commands' as RoomId;
export const PREFIX = '!care';
export const KEY_NOTICE_AFTER_MS = 30_000;
export const TEXTS = {
  warning: 'Clinic: texts are not private. Reply YES to agree, STOP to end, HELP for help.',
  'stop-confirmation': 'Clinic: you opted out.',
  help: 'Clinic: call 212 555 0100.',
  'identity-question': 'Clinic: your date of birth?',
};
export const LINES = [
  { id: 'front-desk' as LineId, number: '+12125550100' as PhoneNumber, carrier: 'plain', team: [NURSE] },
  { id: 'billing' as LineId, number: '+12125550101' as PhoneNumber, carrier: 'plain', team: [CLERK, NURSE] },
  { id: 'photos' as LineId, number: '+12125550102' as PhoneNumber, carrier: 'pictures', team: [NURSE] },
] as const;

/** What is outside of the process: it survives a crash. */
export interface World {
  readonly stores: Stores;
  readonly rooms: FakeRooms;
  readonly sender: FakeRoomSender;
  readonly decrypter: FakeDecrypter;
  readonly plain: FakeCarrier;
  readonly pictures: FakeMmsCarrier;
}

/** A new world around `stores`, with the command room in it. */
export async function newWorld(stores: Stores): Promise<World> {
  const rooms = new FakeRooms(NAMESPACE.bot);
  rooms.add(COMMAND_ROOM, { invite: [NURSE, CLERK, ADMIN] });
  rooms.join(COMMAND_ROOM, NURSE);
  rooms.join(COMMAND_ROOM, ADMIN);
  await stores.settings.set('command-room', COMMAND_ROOM);
  const carriers = { plain: new FakeCarrier('plain'), pictures: new FakeMmsCarrier('pictures') };
  return { stores, rooms, sender: new FakeRoomSender(), decrypter: new FakeDecrypter(), ...carriers };
}

/** What a process uses of the world; `wrap` puts something between, e.g. faults. */
export interface BridgeOptions {
  readonly wrap?: <T extends object>(name: string, target: T) => T;
  readonly log?: Logger;
  readonly warnOnFirstContact?: boolean;
  /** Nobody is asked who they are where left out. */
  readonly identity?: { readonly tries: number; readonly validForMs: number };
  /** What is said is noted for the archive. */
  readonly isArchived?: boolean;
  /** Aborted when the process is to end. */
  readonly stopping?: AbortSignal;
  readonly lines?: typeof LINES | readonly (typeof LINES)[number][];
  /** Administrators and line teams where left out. */
  readonly policy?: Pick<PolicyInEffect, 'current'>;
  /** Until when the database took nothing, Unix ms; it always did where left out. */
  readonly awayUntil?: () => number | undefined;
  /** Beside the real ones, or in their place. */
  readonly commands?: readonly Command[];
}

const MAX_ATTEMPTS = 3;
const BACKOFF_MS = 1_000;
let counter = 0;

/** One process of the bridge. */
export class TestBridge {
  readonly world: World;
  readonly commands: Command[];
  readonly runner: CommandRunner;
  readonly receive: ReceiveSms;
  readonly reports: ApplyReport;
  readonly lines: Lines;
  readonly opener: OpenConversation;
  readonly #stores: Stores;
  readonly #events = new Map<EventId, MatrixEvent>();
  readonly #queues: readonly Queue[];
  readonly #recover: () => Promise<number>;

  constructor(world: World, options: BridgeOptions = {}) {
    this.world = world;
    const wrap = options.wrap ?? ((_name, target) => target);
    const wrapped = Object.entries(world.stores).map(([name, store]) => [name, wrap(name, store as object)]);
    const stores = Object.fromEntries(wrapped) as unknown as Stores;
    this.#stores = stores;
    const { conversations, outbox, notices, events, inbox, settings, transactions } = stores;
    const rooms = wrap<TestRooms>('rooms', world.rooms);
    const sender: RoomSender = wrap('sender', world.sender as RoomSender);
    const decrypter: EventDecrypter = wrap('decrypter', world.decrypter as EventDecrypter);
    const carriers = new Map<string, SmsCarrier>([
      ['plain', wrap('carrier', world.plain)],
      ['pictures', wrap('carrier', world.pictures)],
    ]);
    const stopping = options.stopping ?? new AbortController().signal;
    const wake = () => undefined;
    const fixed = {
      namespace: NAMESPACE,
      wordingVersion: '2026-11',
      prefix: PREFIX,
      country: 'US' as const,
    };
    const lines = new Lines(options.lines ?? LINES);
    const base = {
      ...stores,
      ...fixed,
      rooms,
      sender,
      decrypter,
      carriers,
      lines,
      wake,
      log: options.log ?? silentLogger,
    };
    const notifier = new Notifier({ notices, settings, transactions, bot: NAMESPACE.bot, wake });
    const tell = new TellSender(conversations, notifier);
    const automatic = new SendAutomatic({ outbox, transactions, texts: TEXTS, wake });
    const said = options.isArchived ? new NoteSaid(base) : undefined;
    const { identity: rule } = options;
    const identity = rule && new CheckIdentity({ ...base, automatic, notifier, rule });
    const make: Pick<MakeGovernedRoom, 'make'> = { make: (...made) => makeRoom(rooms, stores, lines, ...made) };
    const opener = new OpenConversation({ ...base, notifier, identity, make });
    const parts = {
      ...base,
      notifier,
      tell,
      automatic,
      opener,
      identity,
      said,
      wakeDeliveries: wake,
      wakeNotices: wake,
      wakeKeywords: wake,
    };
    this.lines = lines;
    this.opener = opener;
    const policy = options.policy ?? { current: async () => lineTeamPolicy(NAMESPACE, [ADMIN], lines.all) };
    const roleParts = { ...parts, policy: { current: () => policy.current(), invalidate: () => undefined } };
    const roleServices = {
      giveRole: new GiveRole(roleParts),
      takeRole: new TakeRole(roleParts),
      listRoles: new ListRoles(parts),
      importRoles: new ImportRoles(roleParts),
      attachedText: new ReadAttachedText({ ...parts, eventOf: async (_room, id) => this.#events.get(id) }),
      syncDirectory: undefined,
      reviewAccess: new ReviewAccess({ ...parts, control: { snapshot: noSnapshot } }),
    };
    const emergency = emergencyServices({ ...parts, policy: roleParts.policy });
    this.commands = [
      ...commandList({
        ...parts,
        ...roleServices,
        ...emergency,
        retryParked: new RetryParked({ ...parts, wakeQueues: wake }),
        dropParked: new DropParked(parts),
        ...accountServices({ ...parts, policy: roleParts.policy }),
        ...roomServices(stores, roleParts.policy, new FakeRoomControl(NAMESPACE.bot)),
        policy,
        decide: (...decision) => this.runner.decide(...decision),
      }),
    ].filter(({ name }) => !options.commands?.some((own) => own.name === name));
    this.commands.push(...(options.commands ?? []));
    this.runner = new CommandRunner({
      ...parts,
      policy,
      commands: this.commands,
      confirmWithinMs: 300_000,
      awayUntil: () => options.awayUntil?.(),
      commandOfNotice: async (notice) => {
        const device = await stores.watchedDevices.ofNotice(notice);
        return device && givenLostDevice(device);
      },
      roomProblem: async () => world.rooms.commandRoomProblem,
    });
    const send = new SendToContact(parts);
    const message = new HandleStaffMessage({
      ...parts,
      send,
      runCommand: (...call) => this.runner.run(...call),
      takeReaction: (...reaction) => this.runner.reaction(...reaction),
    });
    const roomMoved = () => undefined;
    const lostRooms = new ReplaceLostRooms({ ...parts, make, roomMoved });
    const handle = new HandleMatrixEvent({
      ...parts,
      membership: new HandleMembership({ ...parts, policy, lostRooms, join: async () => true }),
      redaction: new HandleRedaction({ ...parts, dropCommand: (event, by) => this.runner.removed(event, by) }),
      upgrade: new FollowUpgrade({ ...parts, roomMoved, lostRooms }),
      message,
      keyNoticeAfterMs: KEY_NOTICE_AFTER_MS,
    });
    const keyword = new AnswerKeyword(parts);
    const say = new SayText(parts);
    const toSecurity = new DeliverToSecurity({ ...parts, say });
    const warnOnFirstContact = options.warnOnFirstContact ?? false;
    const toRoom = new DeliverToRoom({ ...parts, say, toSecurity, warnOnFirstContact });
    const toCarrier = new DeliverToCarrier(parts);
    const post = new PostNotice({ ...parts, lostRooms });
    const parked = new ReportParked(parts);
    this.receive = new ReceiveSms(parts);
    this.reports = new ApplyReport(parts);
    this.#recover = async () => {
      const interrupted = await markInterrupted(parts);
      await tellLineAdded(parts);
      return interrupted;
    };
    this.#queues = [
      queue(
        events,
        (row) => handle.handle(row),
        (row) => parked.matrixEvent(row),
      ),
      queue(
        inbox.keywords,
        async (row) => (await keyword.answer(row), 'done'),
        (row) => parked.keyword(row),
      ),
      queue(
        inbox.deliveries,
        (row) => toRoom.deliver(row, stopping),
        (row) => parked.inbox(row),
      ),
      queue(
        outbox,
        (row) => toCarrier.deliver(row, stopping),
        (row) => parked.outbox(row),
      ),
      queue(
        notices,
        (row) => post.post(row),
        (row) => parked.notice(row),
      ),
    ];
  }

  /** What the process does at its start. */
  async start(): Promise<number> {
    return this.#recover();
  }

  /** Runs every row that is due, as the queues do, until none is. Names limit it to some queues: events, keywords, deliveries, outbox, notices. */
  async pump(...only: readonly QueueName[]): Promise<void> {
    const queues = QUEUE_NAMES.map((name, index) => [name, this.#queues[index]!] as const);
    for (let ran = 1; ran > 0;) {
      ran = 0;
      for (const [name, step] of queues) {
        if (only.length === 0 || only.includes(name)) ran += await step();
      }
    }
  }

  /** Tries once what is due in one queue, and does not look again. */
  async step(name: QueueName): Promise<void> {
    await this.#queues[QUEUE_NAMES.indexOf(name)]!();
  }

  /** A carrier's webhook with a text from a patient. */
  async patientTexts(
    from: string,
    text: string,
    more: { id?: string; line?: number; media?: readonly MediaReference[] } = {},
  ) {
    const line = LINES[more.line ?? 0]!;
    const carrierMessageId = more.id ?? `sms-${++counter}`;
    await this.receive.receive(line.carrier, {
      kind: 'message',
      carrierMessageId,
      from,
      to: line.number,
      text,
      media: more.media ?? [],
    });
    return carrierMessageId;
  }

  /** The homeserver's transaction with one event. */
  async event(event: Partial<MatrixEvent> & Pick<MatrixEvent, 'type' | 'room_id'>): Promise<EventId> {
    const event_id = event.event_id ?? (`$event-${++counter}` as EventId);
    const full = { sender: NURSE, origin_server_ts: Date.now(), content: {}, ...event, event_id };
    this.#events.set(event_id, full);
    await this.#stores.events.addTransaction(`txn-${++counter}`, [full], Date.now());
    return event_id;
  }

  /** An encrypted event that can be decrypted at once. */
  async writes(
    roomId: RoomId,
    body: string,
    more: { sender?: UserId; type?: string; content?: object; eventId?: EventId } = {},
  ): Promise<EventId> {
    const event_id = more.eventId ?? (`$event-${++counter}` as EventId);
    const content = more.content ?? { msgtype: 'm.text', body };
    this.world.decrypter.knows(event_id, {
      outcome: 'clear',
      type: more.type ?? 'm.room.message',
      content: content as Record<string, unknown>,
    });
    await this.event({ event_id, type: 'm.room.encrypted', room_id: roomId, sender: more.sender ?? NURSE });
    return event_id;
  }

  /** A member of staff accepts the invitation. */
  async joins(roomId: RoomId, user: UserId = NURSE): Promise<void> {
    this.world.rooms.join(roomId, user);
    await this.event({
      type: 'm.room.member',
      room_id: roomId,
      sender: user,
      state_key: user,
      content: { membership: 'join' },
    });
  }

  /** A conversation with its room, the nurse in it and the card sent, in the given state of consent. */
  async conversation(
    number: string,
    state: ConsentState = 'granted',
    line = 0,
  ): Promise<Conversation & { roomId: RoomId }> {
    const { conversations, consents } = this.#stores;
    const ghost = `@${NAMESPACE.ghostPrefix}g${++counter}:${NAMESPACE.domain}` as UserId;
    const made = await conversations.findOrCreate(LINES[line]!.id, number as PhoneNumber, () => ghost);
    const roomId = await this.opener.room(made);
    this.world.rooms.join(roomId, NURSE);
    await this.opener.introduce(made, roomId);
    if (state !== 'none') {
      await consents.append({
        contactId: made.contact.id,
        addressId: made.address.id,
        state,
        method: 'verbal',
        wordingVersion: '2026-11',
        evidence: 'set up',
        cause: `set-up:${++counter}`,
        actor: NURSE,
        at: Date.now(),
      });
    }
    return { ...made, roomId };
  }

  /** The conversation of a number on a line, which must exist. */
  async find(number: string, line = 0): Promise<Conversation> {
    const { conversations } = this.#stores;
    const address = await conversations.findAddress(number as PhoneNumber);
    const known = address ? await conversations.findByAddress(address.id) : [];
    const found = known.find(({ lineId }) => lineId === LINES[line]!.id);
    if (found === undefined) throw new Error('no such conversation');
    return found;
  }

  /** The consent of a number; `none` where there is no record. */
  async consentOf(number: string): Promise<ConsentState> {
    const address = await this.#stores.conversations.findAddress(number as PhoneNumber);
    const latest = address && (await this.#stores.consents.latest(address.id));
    return latest?.state ?? 'none';
  }
}

type TestRooms = Rooms & Pick<FakeRooms, 'create'>;

/** As `MakeGovernedRoom`, by the fake rooms. */
async function makeRoom(
  rooms: TestRooms,
  { governedRooms, transactions }: Stores,
  lines: Lines,
  { key, also: _, ...room }: RoomToMake,
  committing: (roomId: RoomId) => Promise<void> = async () => undefined,
): Promise<RoomId> {
  const { conversation, name = '' } = room;
  const roomId = await rooms.create({
    key,
    name,
    topic: '',
    invite: (conversation && lines.find(conversation.lineId)?.team) ?? [],
    ...(conversation && { ghost: conversation.ghost }),
  });
  await transactions.run(async () => {
    await governedRooms.add({ ...room, roomId, opaqueId: key, origin: 'made', since: Date.now() });
    await committing(roomId);
  });
  return roomId;
}

async function noSnapshot(): Promise<never> {
  throw new PermanentError('the bot is in no room');
}

const QUEUE_NAMES = ['events', 'keywords', 'deliveries', 'outbox', 'notices'] as const;
type QueueName = (typeof QUEUE_NAMES)[number];
type Queue = () => Promise<number>;

/** One look at a store and one try of each row that is due, with the rules of the durable queue. Returns how many there were. */
function queue<Row extends QueueRow>(
  store: QueueStore<Row>,
  run: (row: Row) => Promise<Handled>,
  parked: (row: Row) => Promise<void>,
): Queue {
  return async () => {
    const rows = await store.due(Date.now(), new Set(), 100);
    for (const row of rows) {
      try {
        const handled = await run(row);
        if (handled === 'done') await store.complete(row.id);
        else if (handled !== 'settled') await store.retry(row.id, Date.now() + handled.waitMs, handled.code, false);
      } catch (error) {
        if (!(error instanceof RetryableError || error instanceof PermanentError)) throw error;
        if (error instanceof PermanentError || row.attempts + 1 >= MAX_ATTEMPTS) {
          await parked(row);
          await store.park(row.id, error.name);
        } else {
          const waitMs = Math.max(BACKOFF_MS, error.retryAfterMs ?? 0);
          await store.retry(row.id, Date.now() + waitMs, error.name, true);
        }
      }
    }
    return rows.length;
  };
}
