import type { RoomId } from '../model/ids.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { MakeGovernedRoom } from './make-governed-room.ts';

/** What the security room needs. */
export interface SecurityRoomParts {
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind'>;
}

/** Makes the security room, or finds the one made earlier. In it is whoever holds permission `security-room`. `committing` is committed with it. */
export async function ensureSecurityRoom(
  { make, governedRooms }: SecurityRoomParts,
  committing?: (roomId: RoomId) => Promise<void>,
): Promise<RoomId> {
  const [known] = await governedRooms.ofKind('security');
  if (known !== undefined) return known.roomId;
  const room = { kind: 'security', phiClass: 'phi', unit: undefined, conversation: undefined } as const;
  return await make.make({ ...room, key: 'security', name: 'Carebridge security' }, committing);
}
