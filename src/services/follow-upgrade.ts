import type { Logger } from '../log.ts';
import type { RoomId } from '../model/ids.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { kindOf, type KnownRoom } from './known-room.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';

/** What following needs. */
export interface FollowUpgradeParts {
  readonly rooms: Rooms;
  readonly conversations: ConversationStore;
  readonly settings: SettingsStore;
  readonly governedRooms: Pick<GovernedRoomStore, 'replace'>;
  readonly transactions: Transactions;
  /** A room is another one now: what is kept of it, and what was made of where it is. */
  readonly roomMoved: (from: RoomId, to: RoomId) => void;
  readonly log: Logger;
}

/** Key under which the room is kept that replaced `roomId`: whoever still writes in the old one is told. */
export function replacementSetting(roomId: RoomId): string {
  return `replaced:${roomId}`;
}

/** Moves bot, ghost, conversation and governance to the room that replaces an upgraded one. */
export class FollowUpgrade {
  readonly #parts: FollowUpgradeParts;

  constructor(parts: FollowUpgradeParts) {
    this.#parts = parts;
  }

  async follow(room: KnownRoom, replacement: RoomId | undefined): Promise<'done'> {
    const { roomId, conversation } = room;
    const { rooms, conversations, settings, governedRooms, transactions, log } = this.#parts;
    if (replacement === undefined) return 'done';
    const kind = kindOf(room);
    // Others may be joined by a unit, or hold no messages: their rules are put in force when they are governed.
    const isPrivate = kind === 'conversation' || kind === 'command' || kind === 'security';
    const moved = await rooms.followUpgrade(roomId, replacement, conversation?.contact.ghost, { isPrivate });
    await transactions.run(async () => {
      if (conversation) await conversations.setRoom(conversation.id, moved);
      else if (kind === 'command') await settings.set(COMMAND_ROOM_SETTING, moved);
      await governedRooms.replace(roomId, moved);
      if (isPrivate) await settings.set(replacementSetting(roomId), moved);
      transactions.afterCommit(() => this.#parts.roomMoved(roomId, moved));
    });
    log.info('room.upgraded', { roomId: moved });
    return 'done';
  }
}
