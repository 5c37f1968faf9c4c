import type { RoomId } from '../model/ids.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** Whether texts may leave from this room, by its PHI class. */
export type MayTextOut = (roomId: RoomId) => Promise<boolean>;

/** By the policy in effect. A room that is not governed yet was made for texts. */
export function mayTextOutBy(
  policy: Pick<PolicyInEffect, 'current'>,
  governedRooms: Pick<GovernedRoomStore, 'find'>,
): MayTextOut {
  return async (roomId) => {
    const room = await governedRooms.find(roomId);
    return room === undefined || (await policy.current()).classes[room.phiClass].mayTextOut;
  };
}
