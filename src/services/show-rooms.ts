import { PermanentError, UserError } from '../errors.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';
import type { RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { reconcile } from '../policy/reconcile.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What showing needs. */
export interface ShowRoomsParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly control: Pick<RoomControl, 'snapshot'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'all'>;
}

/** A governed room as it is now. */
export interface ShownRoom {
  readonly room: GovernedRoom;
  /** undefined: the bot cannot look into it. */
  readonly snapshot: RoomSnapshot | undefined;
  /** What differs from the policy at this moment. */
  readonly differences: readonly RoomChange[];
}

/** Shows what is governed, and how. */
export class ShowRooms {
  readonly #parts: ShowRoomsParts;

  constructor(parts: ShowRoomsParts) {
    this.#parts = parts;
  }

  /** All governed rooms, in the order in which they came to be. */
  async list(): Promise<readonly GovernedRoom[]> {
    return await this.#parts.governedRooms.all();
  }

  /** One. Throws UserError where it is not governed. */
  async show(roomId: RoomId): Promise<ShownRoom> {
    const { governedRooms, policy, control } = this.#parts;
    const room = await governedRooms.find(roomId);
    if (room === undefined) throw new UserError('This room is not governed.');
    try {
      const snapshot = await control.snapshot(roomId);
      return { room, snapshot, differences: reconcile(await policy.current(), room, snapshot) };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      return { room, snapshot: undefined, differences: [] };
    }
  }
}
