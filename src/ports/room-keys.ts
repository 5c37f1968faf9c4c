import type { RoomId, UserId } from '../model/ids.ts';

/** The room keys with which the bot and the ghosts encrypt. */
export interface RoomKeys {
  /**
   * From the next message on, every one of our users encrypts with a new key in these rooms, and looks at `user`'s devices before handing it
   * out: a device that is gone cannot read on. Holds for everything that is encrypted from now on.
   */
  rotate(user: UserId, rooms: Iterable<RoomId>): Promise<void>;
}
