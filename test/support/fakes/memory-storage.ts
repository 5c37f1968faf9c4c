/** The stores in memory, with the rules of the tables: for tests that need no database. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConsentRecord } from '../../../src/model/consent.ts';
import type { Address, Contact, Conversation } from '../../../src/model/conversation.ts';
import { advances, type DeliveryState } from '../../../src/model/delivery.ts';
import type { DeviceLabel } from '../../../src/model/device-label.ts';
import type { BirthDate, IdentityRecord } from '../../../src/model/identity.ts';
import {
  newOpaqueId,
  type AddressId,
  type ContactId,
  type ConversationId,
  type EventId,
  type LineId,
  type UserId,
} from '../../../src/model/ids.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { InboxRow, MatrixEventRow, NoticeRow, OutboxRow, QueueRow } from '../../../src/model/rows.ts';
import type { ArchiveQueue, QueuedSaid } from '../../../src/ports/archive-queue.ts';
import type { ConsentStore } from '../../../src/ports/consent-store.ts';
import type { ConversationStore } from '../../../src/ports/conversation-store.ts';
import type { IdentityStore } from '../../../src/ports/identity-store.ts';
import type { InboxStore } from '../../../src/ports/inbox-store.ts';
import type { MatrixEventStore } from '../../../src/ports/matrix-event-store.ts';
import type { MediaIndex } from '../../../src/ports/media-index.ts';
import type { NoticeStore } from '../../../src/ports/notice-store.ts';
import type { OutboxStore } from '../../../src/ports/outbox-store.ts';
import type { ParkedStores } from '../../../src/ports/parked-store.ts';
import type { QueueStore } from '../../../src/ports/queue-store.ts';
import type { SettingsStore } from '../../../src/ports/settings-store.ts';
import type { Transactions } from '../../../src/ports/transactions.ts';
import type { WatchedDeviceStore } from '../../../src/ports/watched-device-store.ts';
import { careStores, careTables, type Audited, type CareStores, type CareTables } from './memory-care-stores.ts';
import { parkedStore } from './memory-parked-stores.ts';

/** Everything that services keep. */
export interface Stores extends CareStores {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly identities: IdentityStore;
  readonly inbox: InboxStore;
  readonly outbox: OutboxStore;
  readonly notices: NoticeStore;
  readonly events: MatrixEventStore;
  readonly parked: ParkedStores;
  readonly settings: SettingsStore;
  readonly media: MediaIndex;
  readonly watchedDevices: Pick<WatchedDeviceStore, 'addNotice' | 'ofNotice'>;
  readonly transactions: Transactions;
  readonly archiveQueue: ArchiveQueue;
}

interface Entry<Row extends QueueRow> {
  row: Row;
  cause: string;
  runAt: number;
  /** True while it only waits for something outside. */
  waits?: boolean;
  end?: 'completed' | 'parked';
  code?: string;
  parkedAt?: number;
}

interface Tables extends CareTables {
  contacts: Contact[];
  addresses: Address[];
  conversations: (Omit<Conversation, 'contact' | 'address'> & { contactId: ContactId; addressId: AddressId })[];
  consents: ConsentRecord[];
  identities: IdentityRecord[];
  birthDates: Map<ContactId, BirthDate>;
  deliveries: Entry<InboxRow>[];
  keywords: Entry<InboxRow>[];
  outbox: (Entry<OutboxRow> & { carrier?: string; reference?: string })[];
  notices: Entry<NoticeRow>[];
  events: Entry<MatrixEventRow>[];
  transactions: string[];
  settings: Map<string, string>;
  media: unknown[];
  said: (QueuedSaid & { readonly notedAt: number })[];
  deviceNotices: Map<EventId, { userId: UserId; device: DeviceLabel }>;
}

/** Stores in memory, and what can be seen of them. */
export interface MemoryStorage extends Stores {
  /** What was appended to the audit log, oldest first. */
  audited(): readonly Audited[];
}

/** New, empty stores. */
export function memoryStorage(): MemoryStorage {
  const database = new Database();
  return {
    ...careStores(() => database.tables),
    audited: () => database.tables.audit,
    conversations: conversationStore(database),
    consents: consentStore(database),
    identities: identityStore(database),
    inbox: inboxStore(database),
    outbox: outboxStore(database),
    notices: noticeStore(database),
    events: eventStore(database),
    parked: {
      inbox: parkedStore('inbox', () => database.tables.deliveries, { mayRetry: ({ lineId }) => lineId !== undefined }),
      keywords: parkedStore('keywords', () => database.tables.keywords, {
        mayRetry: ({ lineId, keyword }) => lineId !== undefined || keyword === 'stop',
      }),
      outbox: parkedStore('outbox', () => database.tables.outbox, {
        mayRetry: ({ state }) => state === 'ready' || state === 'parked',
        retried: { state: 'ready' },
      }),
      notices: parkedStore('notices', () => database.tables.notices),
      'matrix-events': parkedStore('matrix-events', () => database.tables.events),
    },
    settings: {
      get: async (key) => database.tables.settings.get(key),
      set: async (key, value) => void database.tables.settings.set(key, value),
      remove: async (key) => void database.tables.settings.delete(key),
    },
    media: { add: async (entry) => void database.tables.media.push(entry) },
    watchedDevices: {
      addNotice: async (event, device) => void database.tables.deviceNotices.set(event, device),
      ofNotice: async (event) => database.tables.deviceNotices.get(event),
    },
    transactions: database,
    archiveQueue: archiveQueue(database),
  };
}

class Database implements Transactions {
  readonly #inside = new AsyncLocalStorage<(() => void)[]>();
  #last: Promise<unknown> = Promise.resolve();
  tables: Tables = {
    contacts: [],
    addresses: [],
    conversations: [],
    consents: [],
    identities: [],
    deliveries: [],
    keywords: [],
    outbox: [],
    notices: [],
    events: [],
    transactions: [],
    settings: new Map(),
    media: [],
    said: [],
    birthDates: new Map(),
    deviceNotices: new Map(),
    ...careTables(),
  };

  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()) return work();
    const next = this.#last.then(() => this.#outermost(work));
    this.#last = next.catch(() => undefined);
    return next;
  }

  afterCommit(hook: () => void): void {
    const hooks = this.#inside.getStore();
    if (hooks) hooks.push(hook);
    else hook();
  }

  async #outermost<T>(work: () => Promise<T>): Promise<T> {
    const before = structuredClone(this.tables);
    const hooks: (() => void)[] = [];
    try {
      const result = await this.#inside.run(hooks, work);
      for (const hook of hooks) hook();
      return result;
    } catch (error) {
      this.tables = before;
      throw error;
    }
  }
}

function queueStore<Row extends QueueRow>(entries: () => Entry<Row>[]): QueueStore<Row> {
  const open = () => entries().filter(({ end }) => end === undefined);
  return {
    async due(now, busyLanes, limit) {
      const heads = new Map<string, Entry<Row>>();
      for (const entry of open()) if (!heads.has(entry.row.lane)) heads.set(entry.row.lane, entry);
      const due = [...heads.values()].filter(({ row, runAt }) => runAt <= now && !busyLanes.has(row.lane));
      return due.slice(0, limit).map(({ row }) => ({ ...row }));
    },
    async nextDueAt(after) {
      const later = open().filter(({ runAt }) => runAt > after);
      return later.length === 0 ? undefined : Math.min(...later.map(({ runAt }) => runAt));
    },
    complete: async (id) => void (entryOf(entries(), id).end = 'completed'),
    async retry(id, runAt, _code, countsAsAttempt) {
      const entry = entryOf(entries(), id);
      entry.runAt = runAt;
      entry.waits = !countsAsAttempt;
      if (countsAsAttempt) entry.row = { ...entry.row, attempts: entry.row.attempts + 1 };
    },
    park: async (id, code) => void Object.assign(entryOf(entries(), id), { end: 'parked', code, parkedAt: Date.now() }),
    async depth() {
      return { waiting: open().length, parked: entries().filter(({ end }) => end === 'parked').length, oldestAgeMs: 0 };
    },
  };
}

function entryOf<E extends Entry<QueueRow>>(entries: readonly E[], id: string): E {
  const entry = entries.find(({ row }) => row.id === id);
  if (entry === undefined) throw new Error(`no row ${id}`);
  return entry;
}

function wake(entries: readonly Entry<QueueRow>[], lane?: string): void {
  for (const entry of entries) if (entry.waits && (!lane || entry.row.lane === lane)) entry.runAt = 0;
}

/** The new row's common columns, or undefined where the cause is there already. */
function common(entries: readonly Entry<QueueRow>[], cause: string, lane: string, trace = newOpaqueId(8)) {
  return entries.some((entry) => entry.cause === cause) ? undefined : { id: newOpaqueId(), lane, attempts: 0, trace };
}

function conversationStore(database: Database): ConversationStore {
  const full = ({ contactId, addressId, ...row }: Tables['conversations'][number]): Conversation => ({
    ...row,
    contact: database.tables.contacts.find(({ id }) => id === contactId)!,
    address: database.tables.addresses.find(({ id }) => id === addressId)!,
  });
  const rows = () => database.tables.conversations;
  const found = (row: Tables['conversations'][number] | undefined) => row && full(row);
  const change = (id: ConversationId, changes: Partial<Conversation>) => {
    database.tables.conversations = rows().map((row) => (row.id === id ? { ...row, ...changes } : row));
  };
  const ensureAddress = async (number: PhoneNumber, newGhost: () => UserId): Promise<Address> => {
    const known = database.tables.addresses.find((address) => address.number === number);
    if (known !== undefined) return known;
    const contact = { id: newOpaqueId() as ContactId, name: undefined, ghost: newGhost() };
    const address = { id: newOpaqueId() as AddressId, contactId: contact.id, number };
    database.tables.contacts.push(contact);
    database.tables.addresses.push(address);
    return address;
  };
  return {
    findAddress: async (number) => database.tables.addresses.find((address) => address.number === number),
    ensureAddress,
    async findOrCreate(lineId, number, newGhost) {
      const { id: addressId, contactId } = await ensureAddress(number, newGhost);
      const known = rows().find((row) => row.addressId === addressId && row.lineId === lineId);
      if (known) return full(known);
      const id = newOpaqueId() as ConversationId;
      const row = { id, lineId, contactId, addressId, roomId: undefined, isIntroduced: false };
      rows().push(row);
      return full(row);
    },
    find: async (id) => found(rows().find((row) => row.id === id)),
    findByRoom: async (roomId) => found(rows().find((row) => row.roomId === roomId)),
    findByAddress: async (addressId) =>
      rows()
        .filter((row) => row.addressId === addressId)
        .map(full),
    withRooms: async () =>
      rows().flatMap((row) => {
        const { id, lineId, roomId, contactId } = row;
        return roomId === undefined ? [] : [{ id, lineId, roomId, contactId, ghost: full(row).contact.ghost }];
      }),
    ghosts: async () => database.tables.contacts.map(({ ghost }) => ghost),
    setRoom: async (id, roomId) => change(id, { roomId }),
    replaceRoom: async (id, roomId) => change(id, { roomId, isIntroduced: false }),
    markIntroduced: async (id) => change(id, { isIntroduced: true }),
    async setName({ id }, name) {
      const { tables } = database;
      tables.contacts = tables.contacts.map((contact) => (contact.id === id ? { ...contact, name } : contact));
    },
    inboxLane: (lineId, number) => `${lineId} ${number}`,
  };
}

function consentStore(database: Database): ConsentStore {
  const history = (addressId: AddressId) => database.tables.consents.filter((record) => record.addressId === addressId);
  return {
    async append(record) {
      if (database.tables.consents.some(({ cause }) => cause === record.cause)) return false;
      database.tables.consents.push({ ...record, id: newOpaqueId() });
      return true;
    },
    latest: async (addressId) => history(addressId).at(-1),
    history: async (addressId) => history(addressId),
  };
}

function identityStore(database: Database): IdentityStore {
  const history = (id: AddressId) => database.tables.identities.filter(({ addressId }) => addressId === id);
  return {
    async append(record) {
      if (database.tables.identities.some(({ cause }) => cause === record.cause)) return false;
      database.tables.identities.push({ ...record, id: newOpaqueId() });
      return true;
    },
    latest: async (addressId) => history(addressId).at(-1),
    history: async (addressId) => history(addressId),
    birthDate: async (contactId) => database.tables.birthDates.get(contactId),
    setBirthDate: async (contactId, date) => void database.tables.birthDates.set(contactId, date),
  };
}

function archiveQueue(database: Database): ArchiveQueue {
  const waits = ({ kind, eventId }: QueuedSaid['said']) =>
    database.tables.said.some(({ said }) => said.kind === kind && said.eventId === eventId);
  return {
    async add(said) {
      const seq = (database.tables.said.at(-1)?.seq ?? 0) + 1;
      if (!waits(said)) database.tables.said.push({ seq, said, notedAt: Date.now() });
    },
    next: async (limit) => database.tables.said.slice(0, limit),
    async remove(seqs) {
      database.tables.said = database.tables.said.filter(({ seq }) => !seqs.includes(seq));
    },
    async depth(now) {
      const { said } = database.tables;
      return { waiting: said.length, parked: 0, oldestAgeMs: now - (said[0]?.notedAt ?? now) };
    },
  };
}

function inboxStore(database: Database): InboxStore {
  const set = (id: string, change: (row: InboxRow) => Partial<InboxRow>) => {
    for (const entry of [...database.tables.deliveries, ...database.tables.keywords])
      if (entry.row.id === id) entry.row = { ...entry.row, ...change(entry.row) };
  };
  return {
    async add(row, now) {
      const { deliveries, keywords } = database.tables;
      const cause = `${row.carrier} ${row.carrierMessageId}`;
      const { lineId, carrier, from, to, keyword } = row;
      const columns = common(deliveries, cause, lineId === undefined ? `:${carrier} ${to}` : laneOf(lineId, row));
      if (columns === undefined) return undefined;
      const added: InboxRow = { ...row, ...columns, receivedAt: now, partsSent: 0 };
      const isKept = lineId === undefined || from === undefined;
      const parked = { end: 'parked', code: lineId === undefined ? 'no-line' : 'no-number', parkedAt: now } as const;
      deliveries.push({ row: added, cause, runAt: 0, ...(isKept && parked) });
      const isActedOn = !isKept || keyword === 'stop';
      if (keyword) keywords.push({ row: added, cause, runAt: 0, ...(!isActedOn && parked) });
      return added;
    },
    find: async (id) => database.tables.deliveries.find(({ row }) => row.id === id)?.row,
    countWithoutLine: async (lane) =>
      database.tables.deliveries.filter(
        ({ row, end }) => end === 'parked' && row.lineId === undefined && (lane === undefined || row.lane === lane),
      ).length,
    async keptFor(carrier, number) {
      const waiting = database.tables.deliveries.filter(
        ({ row, end }) => end === 'parked' && row.lineId === undefined && row.carrier === carrier && row.to === number,
      );
      const [newest] = waiting.slice(-1);
      return { count: waiting.length, newest: newest ? database.tables.deliveries.indexOf(newest) + 1 : 0 };
    },
    async giveLine(row, lineId) {
      set(row.id, ({ lineId: had, lane }) =>
        had === undefined ? { lineId, lane: laneOf(lineId, row) } : { lineId: had, lane },
      );
    },
    noteParts: async (id, partsSent) => set(id, () => ({ partsSent })),
    deliveries: queueStore(() => database.tables.deliveries),
    keywords: queueStore(() => database.tables.keywords),
    wake: async (lane) => wake(database.tables.deliveries, lane),
  };
}

function laneOf(lineId: LineId, { from, sender }: Pick<InboxRow, 'from' | 'sender'>): string {
  return `${lineId} ${from ?? sender}`;
}

function outboxStore(database: Database): OutboxStore {
  const entries = () => database.tables.outbox;
  const set = (id: string, changes: Partial<OutboxRow>) => {
    const entry = entryOf(entries(), id);
    entry.row = { ...entry.row, ...changes };
  };
  const stateOf = (id: string) => entryOf(entries(), id).row.state;
  const queue = queueStore<OutboxRow>(entries);
  return {
    ...queue,
    async retry(id, runAt, code, countsAsAttempt) {
      await queue.retry(id, runAt, code, countsAsAttempt);
      set(id, { state: 'ready' });
    },
    async add({ cause, trace, ...row }, now) {
      const columns = common(entries(), cause, row.conversationId, trace);
      if (columns === undefined) return undefined;
      const added: OutboxRow = { ...row, ...columns, state: 'ready', createdAt: now, failure: undefined };
      entries().push({ row: added, cause, runAt: 0 });
      return added;
    },
    find: async (id) => entries().find(({ row }) => row.id === id)?.row,
    findByCarrierReference: async (carrier, reference) =>
      entries().find((entry) => entry.carrier === carrier && entry.reference === reference)?.row,
    findByEvent: async (eventId) => entries().find(({ row }) => row.eventId === eventId)?.row,
    async markSending(id) {
      if (!['ready', 'sending'].includes(stateOf(id))) return false;
      set(id, { state: 'sending' });
      return true;
    },
    async cancel(id) {
      if (stateOf(id) !== 'ready') return false;
      set(id, { state: 'refused' });
      entryOf(entries(), id).end = 'completed';
      return true;
    },
    async advance(id, state: DeliveryState, details = {}) {
      const entry = entryOf(entries(), id);
      const before = entry.row;
      if (!advances(before.state, state)) return undefined;
      set(id, { state, ...(details.failure && { failure: details.failure }) });
      if (details.carrier) entry.carrier = details.carrier;
      if (details.carrierReference) entry.reference = details.carrierReference;
      if (state === 'parked') Object.assign(entry, { end: 'parked', parkedAt: Date.now() });
      else if (state !== 'sending') entry.end = 'completed';
      return before;
    },
    isUnknown: async (trace) => entries().some(({ row }) => row.trace === trace && row.state === 'unknown'),
    findInterrupted: async () =>
      entries()
        .filter(({ row }) => row.state === 'sending')
        .map(({ row }) => row),
  };
}

function noticeStore(database: Database): NoticeStore {
  const entries = () => database.tables.notices;
  return {
    ...queueStore(entries),
    async add({ cause, trace, ...notice }) {
      const columns = common(entries(), cause, notice.roomId, trace);
      if (columns) entries().push({ row: { ...notice, ...columns }, cause, runAt: 0 });
      return columns !== undefined;
    },
    wake: async (roomId) => wake(entries(), roomId),
  };
}

function eventStore(database: Database): MatrixEventStore {
  const entries = () => database.tables.events;
  return {
    ...queueStore(entries),
    async addTransaction(txnId, events, now) {
      if (database.tables.transactions.includes(txnId)) return false;
      database.tables.transactions.push(txnId);
      for (const event of events) {
        const columns = common(entries(), event.event_id, event.room_id);
        if (columns) entries().push({ row: { ...columns, event, receivedAt: now }, cause: event.event_id, runAt: 0 });
      }
      return true;
    },
    async setAside(id) {
      const entry = entryOf(entries(), id);
      entry.row = { ...entry.row, lane: `aside ${id}` };
    },
    async discard(eventId) {
      const entry = entries().find(({ row }) => row.event.event_id === eventId);
      if (entry) entry.end ??= 'completed';
    },
    wake: async (roomId) => {
      for (const entry of entries()) if (!roomId || entry.row.event.room_id === roomId) wake([entry]);
    },
  };
}
