import type { EventId, RoomId } from '../model/ids.ts';
import type { MediaIndex } from '../ports/media-index.ts';
import { insertOnce } from './insert-once.ts';
import { mediaModel } from './models/media-model.ts';
import type { StorageParts } from './storage-parts.ts';

/** The media table. */
export class SequelizeMediaIndex implements MediaIndex {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof mediaModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = mediaModel(parts.database.sequelize);
  }

  async add(entry: { eventId: EventId; roomId: RoomId; mxc: string; sha256: string; at: number }): Promise<void> {
    const { database, cipher } = this.#parts;
    const place = { table: 'media', column: 'sha256', rowId: `${entry.eventId} ${entry.mxc}` };
    const record = { ...entry, sha256: cipher.encrypt(place, entry.sha256) };
    await database.write((transaction) => insertOnce(database, transaction, this.#model, ['eventId', 'mxc'], [record]));
  }
}
