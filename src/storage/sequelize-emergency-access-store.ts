import { Op, type InferAttributes, type Transaction, type WhereOptions } from 'sequelize';
import type { EmergencyAccess } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import { insertOnce } from './insert-once.ts';
import { emergencyAccessModel, type EmergencyAccessModel } from './models/emergency-access-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { TableCache } from './table-cache.ts';

/** The table of break-glass grants, with the open ones in memory. */
export class SequelizeEmergencyAccessStore implements EmergencyAccessStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof emergencyAccessModel>;
  readonly #open: TableCache<readonly EmergencyAccess[]>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = emergencyAccessModel(parts.database.sequelize);
    this.#open = new TableCache(parts.database, (transaction) => this.#find(transaction, { endedAt: null }));
  }

  async grant(access: EmergencyAccess): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const row = {
      ...access,
      reason: cipher.encrypt(placeOf(access.id), access.reason),
      endedAt: access.endedAt ?? null,
      endedBy: access.endedBy ?? null,
    };
    const granted = await this.#open.change((transaction) =>
      insertOnce(database, transaction, this.#model, ['id'], [row]),
    );
    return granted > 0;
  }

  open(): Promise<readonly EmergencyAccess[]> {
    return this.#open.get();
  }

  async find(roomId: RoomId, userId: UserId): Promise<EmergencyAccess | undefined> {
    return (await this.open()).find((access) => access.roomId === roomId && access.userId === userId);
  }

  async end(id: string, endedBy: string, at: number): Promise<boolean> {
    const sql = 'UPDATE emergency_access SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL';
    const ended = await this.#open.change((transaction) =>
      this.#parts.database.execute(transaction, sql, [id, at, endedBy]),
    );
    return ended > 0;
  }

  between(from: number, to: number): Promise<readonly EmergencyAccess[]> {
    const where = { grantedAt: { [Op.gte]: from, [Op.lt]: to } };
    return this.#parts.database.read((transaction) => this.#find(transaction, where));
  }

  async #find(transaction: Transaction | null, where: WhereOptions): Promise<EmergencyAccess[]> {
    const records = await this.#model.findAll({ where, order: ['grantedAt', 'seq'], raw: true, transaction });
    return records.map((record) => this.#toAccess(record));
  }

  #toAccess(record: InferAttributes<EmergencyAccessModel>): EmergencyAccess {
    return {
      id: record.id,
      roomId: record.roomId as RoomId,
      userId: record.userId as UserId,
      reason: this.#parts.cipher.decrypt(placeOf(record.id), record.reason),
      grantedAt: Number(record.grantedAt),
      expiresAt: Number(record.expiresAt),
      endedAt: record.endedAt === null ? undefined : Number(record.endedAt),
      endedBy: record.endedBy ?? undefined,
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'emergency_access', column: 'reason', rowId };
}
