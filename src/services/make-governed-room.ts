import type { GovernedRoom } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { governedRoomPlan } from '../policy/governed-room-plan.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What making needs. */
export interface MakeGovernedRoomParts {
  readonly policy: PolicyInEffect;
  readonly control: Pick<RoomControl, 'create' | 'newRoomVersion'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'add'>;
  readonly transactions: Transactions;
  /** Unix ms. */
  readonly now?: () => number;
}

/** A room to be made. Its opaque id is its key: that of its alias, by which a repeated call finds it. */
export type RoomToMake = Pick<GovernedRoom, 'kind' | 'phiClass' | 'unit' | 'conversation' | 'name'> & {
  readonly key: string;
  /** Asked in beside those who must be in. */
  readonly also?: readonly UserId[];
};

/** Makes rooms that are as the policy wants them from their first event, so that there is nothing to put right in them. */
export class MakeGovernedRoom {
  readonly #parts: MakeGovernedRoomParts;

  constructor(parts: MakeGovernedRoomParts) {
    this.#parts = parts;
  }

  /** May be repeated: the same key is the same room. `committing` is committed together with the room's row. */
  async make(
    wanted: RoomToMake,
    committing: (roomId: RoomId) => Promise<void> = async () => undefined,
  ): Promise<RoomId> {
    const { policy, control, governedRooms, transactions, now = Date.now } = this.#parts;
    const { key, also = [], kind, phiClass, unit, conversation, name } = wanted;
    const room = { kind, phiClass, unit, conversation, name, opaqueId: key, origin: 'made' } as const;
    const plan = governedRoomPlan(await policy.current(), room, await control.newRoomVersion(), key, also);
    const roomId = await control.create(plan);
    await transactions.run(async () => {
      await governedRooms.add({ ...room, roomId, since: now() });
      await committing(roomId);
      // A unit's space, and what is in it, are part of the policy; a patient's room is not, and there are many.
      if (unit !== undefined) transactions.afterCommit(() => policy.invalidate());
    });
    return roomId;
  }
}
