import type { InferAttributes, Transaction } from 'sequelize';
import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { ConversationId, LineId, RoomId, UserId } from '../model/ids.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { UnitId } from '../model/role.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import { governedRoomModel, type GovernedRoomModel } from './models/governed-room-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { TableCache } from './table-cache.ts';

/** The table of governed rooms, with those in effect in memory. */
export class SequelizeGovernedRoomStore implements GovernedRoomStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof governedRoomModel>;
  readonly #current: TableCache<ReadonlyMap<RoomId, GovernedRoom>>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = governedRoomModel(parts.database.sequelize);
    this.#current = new TableCache(parts.database, (transaction) => this.#read(transaction));
  }

  async find(roomId: RoomId): Promise<GovernedRoom | undefined> {
    return (await this.#current.get()).get(roomId);
  }

  async all(): Promise<readonly GovernedRoom[]> {
    return [...(await this.#current.get()).values()];
  }

  async ofKind(kind: RoomKind): Promise<readonly GovernedRoom[]> {
    return (await this.all()).filter((room) => room.kind === kind);
  }

  async unitSpace(unit: UnitId): Promise<GovernedRoom | undefined> {
    return (await this.all()).find((room) => room.kind === 'unit' && room.unit === unit);
  }

  async add(room: GovernedRoom): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const { conversation } = room;
    const name = room.name === undefined ? null : cipher.encrypt(namePlace(room.opaqueId), room.name);
    const sql = `INSERT INTO governed_rooms
        (room_id, kind, phi_class, opaque_id, unit, conversation_id, line_id, ghost, name, origin, since)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (room_id) WHERE until IS NULL DO NOTHING`;
    const bind = [
      ...[room.roomId, room.kind, room.phiClass, room.opaqueId, room.unit ?? null, conversation?.id ?? null],
      ...[conversation?.lineId ?? null, conversation?.ghost ?? null, name, room.origin, room.since],
    ];
    return (await this.#current.change((transaction) => database.execute(transaction, sql, bind))) > 0;
  }

  async setClass(roomId: RoomId, phiClass: PhiClass): Promise<void> {
    await this.#update('phi_class = $2', [roomId, phiClass]);
  }

  async replace(roomId: RoomId, replacement: RoomId): Promise<void> {
    const { database } = this.#parts;
    // Somebody may have had the replacement governed by itself; the row of the old room is the one that knows what it is for.
    const release = `UPDATE governed_rooms SET until = $3, released_by = 'upgrade' WHERE room_id = $2 AND until IS NULL
      AND EXISTS (SELECT 1 FROM governed_rooms AS old WHERE old.room_id = $1 AND old.until IS NULL)`;
    const move = 'UPDATE governed_rooms SET room_id = $2 WHERE room_id = $1 AND until IS NULL';
    await this.#current.change(async (transaction) => {
      if (roomId === replacement) return;
      await database.execute(transaction, release, [roomId, replacement, Date.now()]);
      await database.execute(transaction, move, [roomId, replacement]);
    });
  }

  async release(roomId: RoomId, by: string, at: number): Promise<void> {
    await this.#update('until = $2, released_by = $3', [roomId, at, by]);
  }

  async #update(set: string, bind: readonly (string | number)[]): Promise<void> {
    const sql = `UPDATE governed_rooms SET ${set} WHERE room_id = $1 AND until IS NULL`;
    await this.#current.change((transaction) => this.#parts.database.execute(transaction, sql, bind));
  }

  async #read(transaction: Transaction | null): Promise<ReadonlyMap<RoomId, GovernedRoom>> {
    const records = await this.#model.findAll({ where: { until: null }, order: ['seq'], raw: true, transaction });
    return new Map(records.map((record) => [record.roomId as RoomId, this.#toRoom(record)]));
  }

  #toRoom(record: InferAttributes<GovernedRoomModel>): GovernedRoom {
    const { conversationId, lineId, ghost, name } = record;
    return {
      roomId: record.roomId as RoomId,
      kind: record.kind as RoomKind,
      phiClass: record.phiClass as PhiClass,
      opaqueId: record.opaqueId,
      unit: (record.unit ?? undefined) as UnitId | undefined,
      conversation:
        conversationId === null || lineId === null || ghost === null
          ? undefined
          : { id: conversationId as ConversationId, lineId: lineId as LineId, ghost: ghost as UserId },
      name: name === null ? undefined : this.#parts.cipher.decrypt(namePlace(record.opaqueId), name),
      origin: record.origin as GovernedRoom['origin'],
      since: Number(record.since),
    };
  }
}

/** By the opaque id, which stays when the room is upgraded. */
function namePlace(rowId: string) {
  return { table: 'governed_rooms', column: 'name', rowId };
}
