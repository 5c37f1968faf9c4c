import type { RoomId, UserId } from '../model/ids.ts';

/** Rooms that the bot made, and who is in them. */
export interface Rooms {
  /** Invites a user; fine where the user is already in or invited. */
  invite(roomId: RoomId, userId: UserId): Promise<void>;
  /** The joined members, from memory once known. Throws PermanentError where none of our users is in the room. */
  joinedMembers(roomId: RoomId): Promise<ReadonlySet<UserId>>;
  /** True where that user of ours is in the room: asked of the homeserver anew. */
  isIn(roomId: RoomId, user: UserId): Promise<boolean>;
  /** Lets a ghost in that was put out. Throws PermanentError where the bot may not. */
  bringIn(roomId: RoomId, ghost: UserId): Promise<void>;
  /** True where the room is encrypted with a supported algorithm. */
  isEncrypted(roomId: RoomId): Promise<boolean>;
  /** The room that an alias, `#name:server`, leads to; undefined where there is none. */
  resolveAlias(alias: string): Promise<RoomId | undefined>;
  /**
   * The room that `roomId` was upgraded to, after bot and ghost have moved; throws RetryableError while they cannot. `isPrivate`: it is followed only
   * where it is encrypted and by invitation; true where left out.
   */
  followUpgrade(
    roomId: RoomId,
    replacement: RoomId,
    ghost: UserId | undefined,
    options?: { readonly isPrivate: boolean },
  ): Promise<RoomId>;
  /** Leaves as the bot; used for rooms we do not govern. */
  leave(roomId: RoomId): Promise<void>;
  /** Creates the ghost's account where needed and sets its PHI-free display name. */
  ensureGhost(ghost: UserId, displayName: string): Promise<void>;
}
