import type { EventId, RoomId } from '../model/ids.ts';

/** Index of every media file we put into or read from a room, since the homeserver cannot list those of encrypted rooms. */
export interface MediaIndex {
  add(entry: { eventId: EventId; roomId: RoomId; mxc: string; sha256: string; at: number }): Promise<void>;
}
