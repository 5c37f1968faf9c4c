import { Op, type InferAttributes } from 'sequelize';
import { PermanentError } from '../errors.ts';
import type { Said } from '../model/archive.ts';
import type { ArchiveQueue, QueuedSaid } from '../ports/archive-queue.ts';
import type { QueueDepth } from '../ports/queue-store.ts';
import { insertOnce } from './insert-once.ts';
import { archiveQueueModel, type ArchiveQueueModel } from './models/archive-models.ts';
import type { StorageParts } from './storage-parts.ts';

/** The table of what waits to be archived. */
export class SequelizeArchiveQueue implements ArchiveQueue {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof archiveQueueModel>;
  /** What cannot be decrypted stays, as what is late in `depth`, and does not hold up the others. */
  readonly #unreadable = new Set<number>();

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = archiveQueueModel(parts.database.sequelize);
  }

  async add(said: Said): Promise<void> {
    const { database, cipher } = this.#parts;
    const id = `${said.kind}:${said.eventId}`;
    const row = { id, content: cipher.encrypt(placeOf(id), JSON.stringify(said)), notedAt: Date.now() };
    await database.write((transaction) => insertOnce(database, transaction, this.#model, ['id'], [row]));
  }

  async next(limit: number): Promise<readonly QueuedSaid[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({
        where: { seq: { [Op.notIn]: [...this.#unreadable] } },
        order: ['seq'],
        limit,
        raw: true,
        transaction,
      }),
    );
    const readable: QueuedSaid[] = [];
    for (const record of records) {
      const row = await this.#read(record);
      if (row !== undefined) readable.push(row);
    }
    return readable.length === 0 && records.length > 0 ? this.next(limit) : readable;
  }

  async #read({ seq, id, content }: InferAttributes<ArchiveQueueModel>): Promise<QueuedSaid | undefined> {
    try {
      return { seq: Number(seq), said: JSON.parse(this.#parts.cipher.decrypt(placeOf(id), content)) as Said };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      await this.#parts.onUnreadable({ table: 'archive_queue', id, trace: id });
      this.#unreadable.add(Number(seq));
      return undefined;
    }
  }

  async remove(seqs: readonly number[]): Promise<void> {
    await this.#parts.database.write((transaction) =>
      this.#model.destroy({ where: { seq: { [Op.in]: [...seqs] } }, transaction }),
    );
  }

  async depth(now: number): Promise<QueueDepth> {
    const { database } = this.#parts;
    const sql = 'SELECT COUNT(*) AS "waiting", MIN(noted_at) AS "oldest" FROM archive_queue';
    type Depth = { waiting: number | string; oldest: number | string | null };
    const [depth] = await database.read((transaction) => database.select<Depth>(transaction, sql));
    return {
      waiting: Number(depth?.waiting ?? 0),
      parked: 0,
      oldestAgeMs: Math.max(0, now - Number(depth?.oldest ?? now)),
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'archive_queue', column: 'content', rowId };
}
