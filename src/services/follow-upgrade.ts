import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RoomId } from '../model/ids.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { kindOf, type KnownRoom } from './known-room.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';
import { isReplaced, type ReplaceLostRooms } from './replace-lost-rooms.ts';
import { replacementSetting } from './replaced-rooms.ts';

/** What following needs. */
export interface FollowUpgradeParts {
  readonly rooms: Rooms;
  readonly conversations: ConversationStore;
  readonly settings: SettingsStore;
  readonly governedRooms: Pick<GovernedRoomStore, 'replace'>;
  readonly transactions: Transactions;
  /** A room is another one now: what is kept of it, and what was made of where it is. */
  readonly roomMoved: (from: RoomId, to: RoomId) => void;
  readonly lostRooms: Pick<ReplaceLostRooms, 'close'>;
  readonly log: Logger;
}

/** The command room is not waited for longer than this: until the bot is invited to the room that it points to, nobody could command. ms. */
const PATIENCE_MS = 60_000;

/** Moves bot, ghost, conversation and governance to the room that replaces an upgraded one. */
export class FollowUpgrade {
  readonly #parts: FollowUpgradeParts;

  constructor(parts: FollowUpgradeParts) {
    this.#parts = parts;
  }

  /**
   * `closedAt`: when the homeserver told us, Unix ms. The command room and the security room get a successor where this one leads nowhere. Throws
   * RetryableError while the bot cannot follow, PermanentError where it must not.
   */
  async follow(room: KnownRoom, replacement: RoomId | undefined, closedAt: number): Promise<'done'> {
    const { lostRooms } = this.#parts;
    const isNeeded = room.governed !== undefined && isReplaced(room.governed);
    try {
      if (replacement !== undefined) await this.#move(room, replacement);
      else if (isNeeded) await lostRooms.close(room.roomId);
    } catch (error) {
      const isOver = error instanceof PermanentError || Date.now() - closedAt > PATIENCE_MS;
      if (!isNeeded || !isOver || !(error instanceof PermanentError || error instanceof RetryableError)) throw error;
      await lostRooms.close(room.roomId);
    }
    return 'done';
  }

  async #move(room: KnownRoom, replacement: RoomId): Promise<void> {
    const { roomId, conversation } = room;
    const { rooms, conversations, settings, governedRooms, transactions, log } = this.#parts;
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
  }
}
