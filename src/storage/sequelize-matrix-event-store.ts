import type { InferAttributes } from 'sequelize';
import { newOpaqueId, type EventId, type RoomId } from '../model/ids.ts';
import type { MatrixEvent, MatrixEventRow } from '../model/rows.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import { insertOnce } from './insert-once.ts';
import { hsTransactionModel } from './models/hs-transaction-model.ts';
import { matrixEventModel, type MatrixEventModel } from './models/matrix-event-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { AT_ONCE, TableQueue } from './table-queue.ts';

type MatrixEventRecord = InferAttributes<MatrixEventModel>;

/** Rows of one INSERT: well below the 32,766 parameters that SQLite allows a statement. */
const ROWS_AT_ONCE = 200;

/** The tables of the homeserver's transactions and of the events they brought. */
export class SequelizeMatrixEventStore
  extends TableQueue<MatrixEventRow, MatrixEventRecord>
  implements MatrixEventStore
{
  readonly #parts: StorageParts;
  readonly #transactions: ReturnType<typeof hsTransactionModel>;
  readonly #model: ReturnType<typeof matrixEventModel>;

  constructor(parts: StorageParts) {
    const model = matrixEventModel(parts.database.sequelize);
    const { database, wipeAtOnce, onUnreadable } = parts;
    super({ database, model, toRow: (record) => this.#toRow(record), wipeAtOnce, onUnreadable });
    this.#parts = parts;
    this.#model = model;
    this.#transactions = hsTransactionModel(parts.database.sequelize);
  }

  async addTransaction(txnId: string, events: readonly MatrixEvent[], now: number): Promise<boolean> {
    const { database } = this.#parts;
    const records = events.map((event) => this.#toRecord(event, now));
    return database.atomic(async (transaction) => {
      const isNew = await insertOnce(database, transaction, this.#transactions, ['txnId'], [{ txnId, createdAt: now }]);
      if (isNew === 0) return false;
      for (let from = 0; from < records.length; from += ROWS_AT_ONCE) {
        await insertOnce(database, transaction, this.#model, ['eventId'], records.slice(from, from + ROWS_AT_ONCE));
      }
      return true;
    });
  }

  async setAside(id: string): Promise<void> {
    const { database } = this.#parts;
    await database.write((transaction) =>
      database.execute(transaction, 'UPDATE matrix_events SET lane = id WHERE id = $1', [id]),
    );
  }

  async discard(eventId: EventId): Promise<void> {
    await this.completeWhere('event_id', eventId);
  }

  async wake(roomId?: RoomId): Promise<void> {
    await this.wakeWhere('room_id', roomId);
  }

  #toRecord(event: MatrixEvent, now: number) {
    const id = newOpaqueId();
    return {
      id,
      eventId: event.event_id,
      roomId: event.room_id,
      lane: event.room_id,
      content: this.#parts.cipher.encrypt(placeOf(id), JSON.stringify(event)),
      trace: newOpaqueId(8),
      createdAt: now,
      runAt: AT_ONCE,
    };
  }

  #toRow(record: MatrixEventRecord): MatrixEventRow {
    return {
      id: record.id,
      lane: record.lane,
      attempts: record.attempts,
      trace: record.trace,
      receivedAt: Number(record.createdAt),
      event: JSON.parse(this.#parts.cipher.decrypt(placeOf(record.id), record.content ?? '')) as MatrixEvent,
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'matrix_events', column: 'content', rowId };
}
