import type { RoomId } from '../../../src/model/ids.ts';
import { ADMIN, type World } from './test-bridge.ts';

export const SECURITY_ROOM = '!security' as RoomId;

/** Puts the security room into the world, with an administrator in it. */
export async function addSecurityRoom({ rooms, stores }: World): Promise<void> {
  rooms.add(SECURITY_ROOM, { invite: [ADMIN] });
  rooms.join(SECURITY_ROOM, ADMIN);
  await stores.governedRooms.add({
    roomId: SECURITY_ROOM,
    kind: 'security',
    phiClass: 'phi',
    opaqueId: 'security',
    unit: undefined,
    conversation: undefined,
    name: 'Carebridge security',
    origin: 'made',
    since: 0,
  });
}
