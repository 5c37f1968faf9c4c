import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { UnitId } from '../model/role.ts';

/** The rooms that are governed. Kept in memory once read: looking up is free. */
export interface GovernedRoomStore {
  find(roomId: RoomId): Promise<GovernedRoom | undefined>;
  all(): Promise<readonly GovernedRoom[]>;
  ofKind(kind: RoomKind): Promise<readonly GovernedRoom[]>;
  /** The space of a unit. */
  unitSpace(unit: UnitId): Promise<GovernedRoom | undefined>;
  /** Returns false where the room is governed already. */
  add(room: GovernedRoom): Promise<boolean>;
  setClass(roomId: RoomId, phiClass: PhiClass): Promise<void>;
  /** Follows a room upgrade. */
  replace(roomId: RoomId, replacement: RoomId): Promise<void>;
  /** Ends governance; the row stays, with when and by whom. */
  release(roomId: RoomId, by: string, at: number): Promise<void>;
}
