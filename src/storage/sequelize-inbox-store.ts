import type { InferAttributes } from 'sequelize';
import { newOpaqueId, type LineId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { InboxRow, Keyword } from '../model/rows.ts';
import type { InboxStore, NewInboxRow } from '../ports/inbox-store.ts';
import { insertOnce } from './insert-once.ts';
import { inboxModel, type InboxModel } from './models/inbox-model.ts';
import type { NumberHash } from './number-hash.ts';
import type { StorageParts } from './storage-parts.ts';
import { TableQueue } from './table-queue.ts';

type InboxRecord = InferAttributes<InboxModel>;
type InboxContent = Pick<InboxRow, 'from' | 'body' | 'media'>;

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
    };
    const openIn = (queue: string) => `(${queue}_run_at IS NOT NULL OR ${queue}_parked_at IS NOT NULL)`;
    this.deliveries = new TableQueue({ ...shared, prefix: 'delivery_', lastWhen: `NOT ${openIn('keyword')}` });
    this.keywords = new TableQueue({ ...shared, prefix: 'keyword_', lastWhen: `NOT ${openIn('delivery')}` });
  }

  async add(row: NewInboxRow, now: number): Promise<InboxRow | undefined> {
    const { from, body, media, ...plain } = row;
    const added: InboxRow = {
      ...row,
      id: newOpaqueId(),
      lane: inboxLane(this.#parts.numberHash, row.lineId, from),
      attempts: 0,
      trace: newOpaqueId(8),
      receivedAt: now,
    };
    const content: InboxContent = { from, body, media };
    const record = {
      ...plain,
      id: added.id,
      lane: added.lane,
      keyword: row.keyword ?? null,
      content: this.#parts.cipher.encrypt(placeOf(added.id), JSON.stringify(content)),
      trace: added.trace,
      createdAt: now,
      deliveryRunAt: now,
      keywordRunAt: row.keyword === undefined ? null : now,
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

  #toRow(record: InboxRecord, attempts: number): InboxRow {
    const content = JSON.parse(this.#parts.cipher.decrypt(placeOf(record.id), record.content ?? '')) as InboxContent;
    return {
      id: record.id,
      lane: record.lane,
      attempts,
      trace: record.trace,
      carrier: record.carrier,
      carrierMessageId: record.carrierMessageId,
      lineId: record.lineId as LineId,
      keyword: (record.keyword ?? undefined) as Keyword | undefined,
      receivedAt: Number(record.createdAt),
      ...content,
    };
  }
}

/** The lane of (line, number): tells one from another without telling the number. */
export function inboxLane(numberHash: NumberHash, lineId: LineId, number: PhoneNumber): string {
  return `${lineId}:${numberHash.of(number)}`;
}

function placeOf(rowId: string) {
  return { table: 'inbox', column: 'content', rowId };
}
