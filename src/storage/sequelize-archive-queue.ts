import { Op } from 'sequelize';
import type { Said } from '../model/archive.ts';
import type { ArchiveQueue, QueuedSaid } from '../ports/archive-queue.ts';
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
    const row = { id, content: cipher.encrypt(placeOf(id), JSON.stringify(said)) };
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
}

function placeOf(rowId: string) {
  return { table: 'archive_queue', column: 'content', rowId };
}
