import type { Logger } from '../log.ts';
import type { RoomId } from '../model/ids.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import { kindOf, type KnownRoom } from './known-room.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';

/** What following needs. */
export interface FollowUpgradeParts {
  readonly rooms: Rooms;
  readonly conversations: ConversationStore;
  readonly settings: SettingsStore;
  readonly log: Logger;
}

/** Moves bot, ghost and conversation to the room that replaces an upgraded one. */
export class FollowUpgrade {
  readonly #parts: FollowUpgradeParts;

  constructor(parts: FollowUpgradeParts) {
    this.#parts = parts;
  }

  async follow(room: KnownRoom, replacement: RoomId | undefined): Promise<'done'> {
    const { roomId, conversation } = room;
    const { rooms, conversations, settings, log } = this.#parts;
    if (replacement === undefined) return 'done';
    const moved = await rooms.followUpgrade(roomId, replacement, conversation?.contact.ghost);
    if (conversation) await conversations.setRoom(conversation.id, moved);
    else if (kindOf(room) === 'command') await settings.set(COMMAND_ROOM_SETTING, moved);
    log.info('room.upgraded', { roomId: moved });
    return 'done';
  }
}
