import type { GovernedRoom } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';

/** A governed room, or one that is about to be made and has no id yet. */
export type RoomToGovern = Omit<GovernedRoom, 'roomId' | 'since'> & { readonly roomId?: RoomId };
