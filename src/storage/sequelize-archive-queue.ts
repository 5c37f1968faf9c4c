import { Op } from 'sequelize';
import type { Said } from '../model/archive.ts';
import type { ArchiveQueue, QueuedSaid } from '../ports/archive-queue.ts';
import type { QueueDepth } from '../ports/queue-store.ts';
import { insertOnce } from './insert-once.ts';
import { archiveQueueModel } from './models/archive-models.ts';
import type { StorageParts } from './storage-parts.ts';

/** The table of what waits to be archived. */
export class SequelizeArchiveQueue implements ArchiveQueue {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof archiveQueueModel>;

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
      this.#model.findAll({ order: ['seq'], limit, raw: true, transaction }),
    );
    return records.map(({ seq, id, content }) => ({
      seq: Number(seq),
      said: JSON.parse(this.#parts.cipher.decrypt(placeOf(id), content)) as Said,
    }));
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
