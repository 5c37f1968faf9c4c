import type { UserId } from '../model/ids.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { Notifier } from './notifier.ts';

/** What telling needs. */
export interface TellOwnerParts {
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind'>;
  readonly rooms: Pick<Rooms, 'joinedMembers'>;
  readonly notifier: Notifier;
}

/**
 * Tells people what was done to their own account: in the command room, where staff are, by a mention that their phones ring for. It is encrypted to
 * the devices that are left to them.
 */
export class TellOwner {
  readonly #parts: TellOwnerParts;

  constructor(parts: TellOwnerParts) {
    this.#parts = parts;
  }

  /** Durably, once for each cause. False where the user is not in the command room, or that cannot be told: then somebody else must tell them. */
  async tell(user: UserId, text: string, about: { cause: string; trace: string }): Promise<boolean> {
    const { governedRooms, rooms, notifier } = this.#parts;
    const [room] = await governedRooms.ofKind('command');
    if (room === undefined) return false;
    const members = await rooms.joinedMembers(room.roomId).catch(() => undefined);
    if (members?.has(user) !== true) return false;
    await notifier.say(room.roomId, `${user}: ${text}`, { ...about, mentions: [user] });
    return true;
  }
}
