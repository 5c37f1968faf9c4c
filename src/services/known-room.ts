import type { Conversation } from '../model/conversation.ts';
import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';

/** A room whose events mean something to us. */
export interface KnownRoom {
  readonly roomId: RoomId;
  /** Undefined where it is no patient's. */
  readonly conversation: Conversation | undefined;
  /** What is kept of it, where it is governed; without it and without a conversation it is the command room. */
  readonly governed?: GovernedRoom | undefined;
}

/** What the room is for. */
export function kindOf(room: KnownRoom): RoomKind {
  if (room.conversation !== undefined) return 'conversation';
  return room.governed?.kind ?? 'command';
}

/** Rooms in which whoever writes expects that the bridge reads it. Elsewhere people write among themselves, and only a command is looked for. */
export const ANSWERED: ReadonlySet<RoomKind> = new Set(['conversation', 'command', 'security']);
