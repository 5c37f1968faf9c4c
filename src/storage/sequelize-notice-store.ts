import type { InferAttributes } from 'sequelize';
import { newOpaqueId, type RoomId, type UserId } from '../model/ids.ts';
import type { Notice, NoticeRow } from '../model/rows.ts';
import type { NewNotice, NoticeStore } from '../ports/notice-store.ts';
import { insertOnce } from './insert-once.ts';
import { noticeModel, type NoticeModel } from './models/notice-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { AT_ONCE, TableQueue } from './table-queue.ts';

type NoticeRecord = InferAttributes<NoticeModel>;

/** The notices table. */
export class SequelizeNoticeStore extends TableQueue<NoticeRow, NoticeRecord> implements NoticeStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof noticeModel>;

  constructor(parts: StorageParts) {
    const model = noticeModel(parts.database.sequelize);
    const { database, wipeAtOnce, onUnreadable } = parts;
    super({ database, model, toRow: (record) => this.#toRow(record), wipeAtOnce, onUnreadable });
    this.#parts = parts;
    this.#model = model;
  }

  async add(notice: NewNotice, now: number): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const id = newOpaqueId();
    const record = {
      id,
      lane: notice.roomId,
      sender: notice.sender,
      content: cipher.encrypt(placeOf(id), JSON.stringify(notice.notice)),
      cause: notice.cause,
      trace: notice.trace,
      createdAt: now,
      runAt: AT_ONCE,
    };
    const inserted = await database.write((transaction) =>
      insertOnce(database, transaction, this.#model, ['cause'], [record]),
    );
    return inserted > 0;
  }

  async wake(roomId: RoomId): Promise<void> {
    await this.wakeWhere('lane', roomId);
  }

  #toRow(record: NoticeRecord): NoticeRow {
    return {
      id: record.id,
      lane: record.lane,
      attempts: record.attempts,
      trace: record.trace,
      roomId: record.lane as RoomId,
      sender: record.sender as UserId,
      notice: JSON.parse(this.#parts.cipher.decrypt(placeOf(record.id), record.content ?? '')) as Notice,
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'notices', column: 'content', rowId };
}
