import { AdoptRoom } from '../../../src/services/adopt-room.ts';
import { CreateRoom } from '../../../src/services/create-room.ts';
import { CreateUnit } from '../../../src/services/create-unit.ts';
import type { GovernRooms } from '../../../src/services/govern-rooms.ts';
import { MakeGovernedRoom } from '../../../src/services/make-governed-room.ts';
import type { PolicyInEffect } from '../../../src/services/policy-in-effect.ts';
import { ReleaseRoom } from '../../../src/services/release-room.ts';
import { SetClass } from '../../../src/services/set-class.ts';
import { ShowRooms } from '../../../src/services/show-rooms.ts';
import type { FakeRoomControl } from './fake-room-control.ts';
import type { Stores } from './memory-storage.ts';

/** The use cases of governed rooms over a homeserver in memory. */
export function roomServices(
  stores: Pick<Stores, 'governedRooms' | 'transactions'>,
  policy: PolicyInEffect,
  control: FakeRoomControl,
  govern?: GovernRooms,
) {
  const parts = {
    governedRooms: stores.governedRooms,
    transactions: stores.transactions,
    policy,
    control,
    roomsChanged: (rooms: Parameters<GovernRooms['roomsChanged']>[0]) => govern?.roomsChanged(rooms),
    govern: govern ?? { alone: <T>(_room: string, work: () => Promise<T>) => work() },
  };
  const make = new MakeGovernedRoom(parts);
  return {
    createRoom: new CreateRoom({ ...parts, make }),
    createUnit: new CreateUnit({ ...parts, make }),
    adoptRoom: new AdoptRoom(parts),
    releaseRoom: new ReleaseRoom(parts),
    setClass: new SetClass(parts),
    showRooms: new ShowRooms(parts),
  };
}
