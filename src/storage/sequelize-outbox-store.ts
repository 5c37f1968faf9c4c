import type { InferAttributes, WhereOptions } from 'sequelize';
import { PermanentError } from '../errors.ts';
import { advances, type DeliveryState, type FailureReason } from '../model/delivery.ts';
import { newOpaqueId, type ConversationId, type EventId, type LineId, type RoomId } from '../model/ids.ts';
import type { PhoneNumber } from '../model/phone-number.ts';
import type { OutboxKind, OutboxRow } from '../model/rows.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { NewOutboxRow, OutboxStore } from '../ports/outbox-store.ts';
import { insertOnce } from './insert-once.ts';
import { outboxModel, type OutboxModel } from './models/outbox-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { AT_ONCE, TableQueue, UNREADABLE } from './table-queue.ts';

type OutboxRecord = InferAttributes<OutboxModel>;
type OutboxContent = { to: PhoneNumber; body: string; attachment?: Readonly<Record<string, unknown>> };

/** States in which the text is still ours to send. */
const IN_QUEUE: readonly DeliveryState[] = ['ready', 'sending'];

/** The outbox table. */
export class SequelizeOutboxStore extends TableQueue<OutboxRow, OutboxRecord> implements OutboxStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof outboxModel>;
  readonly #conversations: Pick<ConversationStore, 'find'>;

  constructor(parts: StorageParts, conversations: Pick<ConversationStore, 'find'>) {
    const model = outboxModel(parts.database.sequelize);
    super({
      database: parts.database,
      model,
      // Only a text that certainly did not leave is tried again, or given up.
      undo: `state = CASE state WHEN 'sending' THEN 'ready' ELSE state END`,
      toRow: (record) => this.#toRow(record),
      wipeAtOnce: parts.wipeAtOnce,
      onUnreadable: parts.onUnreadable,
    });
    this.#parts = parts;
    this.#model = model;
    this.#conversations = conversations;
  }

  async add(row: NewOutboxRow, now: number): Promise<OutboxRow | undefined> {
    const { cause, ...rest } = row;
    const added: OutboxRow = {
      ...rest,
      id: newOpaqueId(),
      lane: row.conversationId,
      attempts: 0,
      state: 'ready',
      createdAt: now,
      failure: undefined,
    };
    const content: OutboxContent = {
      to: row.to,
      body: row.body,
      ...(row.attachment && { attachment: row.attachment }),
    };
    const record = {
      id: added.id,
      kind: row.kind,
      state: added.state,
      lane: added.lane,
      lineId: row.lineId,
      content: this.#parts.cipher.encrypt(placeOf(added.id), JSON.stringify(content)),
      eventId: row.eventId ?? null,
      roomId: row.roomId ?? null,
      cause,
      trace: row.trace,
      createdAt: now,
      runAt: AT_ONCE,
    };
    const { database } = this.#parts;
    const inserted = await database.write((transaction) =>
      insertOnce(database, transaction, this.#model, ['cause'], [record]),
    );
    return inserted === 0 ? undefined : added;
  }

  find(id: string): Promise<OutboxRow | undefined> {
    return this.#findWhere({ id });
  }

  findByCarrierReference(carrier: string, carrierReference: string): Promise<OutboxRow | undefined> {
    return this.#findWhere({ carrier, carrierReference });
  }

  findByEvent(eventId: EventId): Promise<OutboxRow | undefined> {
    return this.#findWhere({ eventId });
  }

  async markSending(id: string): Promise<boolean> {
    const { database } = this.#parts;
    const sql = `UPDATE outbox SET state = 'sending' WHERE id = $1 AND state IN ('ready', 'sending') AND run_at IS NOT NULL`;
    return (await database.write((transaction) => database.execute(transaction, sql, [id]))) > 0;
  }

  async cancel(id: string): Promise<boolean> {
    const { database } = this.#parts;
    const content = this.#parts.wipeAtOnce ? ', content = NULL' : '';
    const sql = `UPDATE outbox SET state = 'refused', run_at = NULL, waits_outside = FALSE, finished_at = $2${content}
      WHERE id = $1 AND state = 'ready'`;
    return (await database.write((transaction) => database.execute(transaction, sql, [id, Date.now()]))) > 0;
  }

  async advance(
    id: string,
    state: DeliveryState,
    details: { readonly carrier?: string; readonly carrierReference?: string; readonly failure?: FailureReason } = {},
  ): Promise<OutboxRow | undefined> {
    const before = await this.#parts.database.atomic(async (transaction) => {
      const record = await this.#model.findOne({ where: { id }, raw: true, lock: true, transaction });
      if (record === null || !advances(record.state as DeliveryState, state)) return undefined;
      const isOver = !IN_QUEUE.includes(state);
      await this.#model.update(
        {
          state,
          ...details,
          ...(isOver && { runAt: null, waitsOutside: false }),
          ...(isOver && record.finishedAt === null && { finishedAt: Date.now() }),
          // What a report moves on is not given up any more.
          ...(isOver && { parkedAt: state === 'parked' ? Date.now() : null }),
          ...(isOver && this.#parts.wipeAtOnce && { content: null }),
        },
        { where: { id }, transaction },
      );
      return record;
    });
    if (before === undefined) return undefined;
    this.forget(id);
    return this.#toRow(before);
  }

  async findInterrupted(): Promise<OutboxRow[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({
        where: { state: 'sending' },
        order: ['seq'],
        raw: true,
        transaction,
      }),
    );
    const rows: OutboxRow[] = [];
    for (const record of records) {
      try {
        rows.push(await this.#toRow(record));
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        await this.#giveUpInterrupted(record);
      }
    }
    return rows;
  }

  /** Whether it left nobody knows, and to whom it went cannot be read. */
  async #giveUpInterrupted({ id, trace }: OutboxRecord): Promise<void> {
    const { database, onUnreadable } = this.#parts;
    const end = { state: 'unknown', runAt: null, waitsOutside: false, parkedAt: Date.now(), code: UNREADABLE };
    await database.run(async () => {
      await onUnreadable({ table: 'outbox', id, trace });
      await database.write((transaction) => this.#model.update(end, { where: { id }, transaction }));
    });
  }

  async isUnknown(trace: string): Promise<boolean> {
    return (await this.#findWhere({ trace, state: 'unknown' })) !== undefined;
  }

  async #findWhere(where: WhereOptions<OutboxRecord>): Promise<OutboxRow | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#model.findOne({ where, order: ['seq'], raw: true, transaction }),
    );
    return record === null ? undefined : this.#toRow(record);
  }

  async #toRow(record: OutboxRecord): Promise<OutboxRow> {
    const conversationId = record.lane as ConversationId;
    const content =
      record.content === null ? await this.#wiped(conversationId) : this.#decrypt(record.id, record.content);
    return {
      id: record.id,
      lane: record.lane,
      attempts: record.attempts,
      trace: record.trace,
      kind: record.kind as OutboxKind,
      state: record.state as DeliveryState,
      conversationId,
      lineId: record.lineId as LineId,
      to: content.to,
      body: content.body,
      attachment: content.attachment,
      eventId: (record.eventId ?? undefined) as EventId | undefined,
      roomId: (record.roomId ?? undefined) as RoomId | undefined,
      createdAt: Number(record.createdAt),
      failure: (record.failure ?? undefined) as FailureReason | undefined,
    };
  }

  #decrypt(id: string, content: string): OutboxContent {
    return JSON.parse(this.#parts.cipher.decrypt(placeOf(id), content)) as OutboxContent;
  }

  /** After hand-over a text keeps neither words nor number: the number is the conversation's. */
  async #wiped(conversationId: ConversationId): Promise<OutboxContent> {
    const conversation = await this.#conversations.find(conversationId);
    if (conversation === undefined) throw new Error('an outbox row has no conversation');
    return { to: conversation.address.number, body: '' };
  }
}

function placeOf(rowId: string) {
  return { table: 'outbox', column: 'content', rowId };
}
