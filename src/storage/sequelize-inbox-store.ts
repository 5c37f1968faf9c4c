import type { InferAttributes } from 'sequelize';
import { newOpaqueId, type LineId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { InboxRow, Keyword } from '../model/rows.ts';
import type { InboxStore, NewInboxRow } from '../ports/inbox-store.ts';
import { insertOnce } from './insert-once.ts';
import { inboxModel, type InboxModel } from './models/inbox-model.ts';
import type { NumberHash } from './number-hash.ts';
import type { StorageParts } from './storage-parts.ts';
import { AT_ONCE, TableQueue } from './table-queue.ts';

type InboxRecord = InferAttributes<InboxModel>;
type InboxContent = Pick<InboxRow, 'from' | 'sender' | 'body' | 'media' | 'to'>;

/** SQL: one of the two queues still has the row. */
const openIn = (queue: string) => `(${queue}_run_at IS NOT NULL OR ${queue}_parked_at IS NOT NULL)`;

/** What tells the two queues of the table apart: what their columns start with, and when the row ends with them. */
export const INBOX_QUEUES = {
  inbox: { prefix: 'delivery_', lastWhen: `NOT ${openIn('keyword')}` },
  keywords: { prefix: 'keyword_', lastWhen: `NOT ${openIn('delivery')}` },
} as const;

/** Why a text is parked at once: no line has the number it went to, or its sender has none. */
const NO_LINE = 'no-line';
const NO_NUMBER = 'no-number';

/** The inbox table. Two queues run over it; the row is finished when both are through. */
export class SequelizeInboxStore implements InboxStore {
  readonly deliveries: TableQueue<InboxRow, InboxRecord>;
  readonly keywords: TableQueue<InboxRow, InboxRecord>;
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof inboxModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = inboxModel(parts.database.sequelize);
    const shared = {
      database: parts.database,
      model: this.#model,
      toRow: (record: InboxRecord, attempts: number) => this.#toRow(record, attempts),
      wipeAtOnce: parts.wipeAtOnce,
      onUnreadable: parts.onUnreadable,
    };
    this.deliveries = new TableQueue({ ...shared, ...INBOX_QUEUES.inbox });
    this.keywords = new TableQueue({ ...shared, ...INBOX_QUEUES.keywords });
  }

  async add(row: NewInboxRow, now: number): Promise<InboxRow | undefined> {
    const { from, sender, body, media, to, lineId, ...plain } = row;
    const added: InboxRow = {
      ...row,
      id: newOpaqueId(),
      lane: this.#laneOf(row),
      attempts: 0,
      trace: newOpaqueId(8),
      receivedAt: now,
      partsSent: 0,
    };
    const more = { ...(sender !== undefined && { sender }), ...(to !== undefined && { to }) };
    const content: InboxContent = { from, body, media, ...more };
    const record = {
      ...plain,
      id: added.id,
      lineId: lineId ?? '',
      lane: added.lane,
      keyword: row.keyword ?? null,
      content: this.#parts.cipher.encrypt(placeOf(added.id), JSON.stringify(content)),
      trace: added.trace,
      createdAt: now,
      ...firstSteps(row, now),
    };
    const { database } = this.#parts;
    const inserted = await database.write((transaction) =>
      insertOnce(database, transaction, this.#model, ['carrier', 'carrierMessageId'], [record]),
    );
    return inserted === 0 ? undefined : added;
  }

  async wake(lane: string): Promise<void> {
    await this.deliveries.wakeWhere('lane', lane);
  }

  async find(id: string): Promise<InboxRow | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#model.findOne({ where: { id }, raw: true, transaction }),
    );
    return record === null || record.content === null ? undefined : this.#toRow(record, record.deliveryAttempts);
  }

  async countWithoutLine(lane?: string): Promise<number> {
    const { database } = this.#parts;
    const sql = `SELECT COUNT(*) AS "count" FROM inbox WHERE line_id = '' AND delivery_parked_at IS NOT NULL`;
    const [found] = await database.read((transaction) =>
      lane === undefined
        ? database.select<{ count: number | string }>(transaction, sql)
        : database.select<{ count: number | string }>(transaction, `${sql} AND lane = $1`, [lane]),
    );
    return Number(found?.count ?? 0);
  }

  async keptFor(carrier: string, number: PhoneNumber): Promise<{ count: number; newest: number }> {
    const { database, numberHash } = this.#parts;
    const sql = `SELECT COUNT(*) AS "count", MAX(seq) AS "newest" FROM inbox
      WHERE line_id = '' AND delivery_parked_at IS NOT NULL AND lane = $1`;
    type Found = { count: number | string; newest: number | string | null };
    const [found] = await database.read((transaction) =>
      database.select<Found>(transaction, sql, [laneWithoutLine(numberHash, carrier, number)]),
    );
    return { count: Number(found?.count ?? 0), newest: Number(found?.newest ?? 0) };
  }

  async giveLine(row: InboxRow, lineId: LineId): Promise<void> {
    const { database, numberHash } = this.#parts;
    const sql = `UPDATE inbox SET line_id = $2, lane = $3 WHERE id = $1 AND line_id = ''`;
    const bind = [row.id, lineId, inboxLane(numberHash, lineId, senderOf(row))];
    await database.write((transaction) => database.execute(transaction, sql, bind));
  }

  async noteParts(id: string, partsSent: number): Promise<void> {
    await this.#parts.database.write((transaction) =>
      this.#model.update({ partsSent }, { where: { id }, transaction }),
    );
  }

  #laneOf(row: NewInboxRow): string {
    const { carrier, lineId, to = '' } = row;
    const { numberHash } = this.#parts;
    return lineId === undefined
      ? laneWithoutLine(numberHash, carrier, to as PhoneNumber)
      : inboxLane(numberHash, lineId, senderOf(row));
  }

  #toRow(record: InboxRecord, attempts: number): InboxRow {
    const content = JSON.parse(this.#parts.cipher.decrypt(placeOf(record.id), record.content ?? '')) as InboxContent;
    return {
      id: record.id,
      lane: record.lane,
      attempts,
      trace: record.trace,
      carrier: record.carrier,
      carrierMessageId: record.carrierMessageId,
      lineId: record.lineId === '' ? undefined : (record.lineId as LineId),
      keyword: (record.keyword ?? undefined) as Keyword | undefined,
      receivedAt: Number(record.createdAt),
      partsSent: record.partsSent,
      ...content,
    };
  }
}

/** When the queues of a new row are due, or that they are given up for now. */
function firstSteps({ lineId, from, keyword }: NewInboxRow, now: number) {
  if (lineId !== undefined && from !== undefined)
    return { deliveryRunAt: AT_ONCE, keywordRunAt: keyword === undefined ? null : AT_ONCE };
  const code = lineId === undefined ? NO_LINE : NO_NUMBER;
  const delivery = { deliveryRunAt: null, deliveryParkedAt: now, deliveryCode: code };
  if (keyword === undefined || keyword === 'stop')
    return { ...delivery, keywordRunAt: keyword === 'stop' ? AT_ONCE : null };
  return { ...delivery, keywordRunAt: null, keywordParkedAt: now, keywordCode: code };
}

/** The lane of (line, number): tells one from another without telling the number. */
export function inboxLane(numberHash: NumberHash, lineId: LineId, number: PhoneNumber): string {
  return `${lineId}:${numberHash.of(number)}`;
}

/** That of all texts to the same number: no line's id begins with a colon. */
function laneWithoutLine(numberHash: NumberHash, carrier: string, to: PhoneNumber): string {
  return `:${carrier}:${numberHash.of(to)}`;
}

/** Who sent it, also where that is no number. */
function senderOf({ from, sender = '' }: Pick<InboxRow, 'from' | 'sender'>): PhoneNumber {
  return from ?? (sender as PhoneNumber);
}

function placeOf(rowId: string) {
  return { table: 'inbox', column: 'content', rowId };
}
