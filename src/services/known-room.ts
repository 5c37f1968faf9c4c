import type { Conversation } from '../model/conversation.ts';
import type { RoomId } from '../model/ids.ts';

/** A room whose events mean something to us. */
export interface KnownRoom {
  readonly roomId: RoomId;
  /** Undefined for the command room. */
  readonly conversation: Conversation | undefined;
}
