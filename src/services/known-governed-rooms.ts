import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { UnitId } from '../model/role.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';

/** The store of governed rooms, and at any moment, without waiting, whether a room is one: it is asked for every event. */
export class KnownGovernedRooms implements GovernedRoomStore {
  readonly #store: GovernedRoomStore;
  readonly #ids = new Set<RoomId>();

  constructor(store: GovernedRoomStore) {
    this.#store = store;
  }

  /** Reads which rooms there are. Before, none is known. */
  async load(): Promise<void> {
    for (const { roomId } of await this.#store.all()) this.#ids.add(roomId);
  }

  /** True also for a room that is about to be: too much is harmless, too little would miss its first events. */
  readonly has = (roomId: RoomId): boolean => this.#ids.has(roomId);

  find(roomId: RoomId): Promise<GovernedRoom | undefined> {
    return this.#store.find(roomId);
  }

  all(): Promise<readonly GovernedRoom[]> {
    return this.#store.all();
  }

  ofKind(kind: RoomKind): Promise<readonly GovernedRoom[]> {
    return this.#store.ofKind(kind);
  }

  unitSpace(unit: UnitId): Promise<GovernedRoom | undefined> {
    return this.#store.unitSpace(unit);
  }

  add(room: GovernedRoom): Promise<boolean> {
    this.#ids.add(room.roomId);
    return this.#store.add(room);
  }

  setClass(roomId: RoomId, phiClass: PhiClass): Promise<void> {
    return this.#store.setClass(roomId, phiClass);
  }

  async replace(roomId: RoomId, replacement: RoomId): Promise<void> {
    this.#ids.add(replacement);
    await this.#store.replace(roomId, replacement);
    this.#ids.delete(roomId);
  }

  async release(roomId: RoomId, by: string, at: number): Promise<void> {
    await this.#store.release(roomId, by, at);
    this.#ids.delete(roomId);
  }
}
