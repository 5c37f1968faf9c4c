import { parseUserId, type RoomId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { MatrixEvent } from '../model/rows.ts';
import { isPermitted } from '../policy/permissions.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { NoticeStore } from '../ports/notice-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { KnownRoom } from './known-room.ts';
import type { OpenConversation } from './open-conversation.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import { isReplaced, type ReplaceLostRooms } from './replace-lost-rooms.ts';

/** What handling membership needs. `wakeDeliveries` and `wakeNotices` tell those queues to look again. */
export interface HandleMembershipParts {
  readonly namespace: Namespace;
  readonly rooms: Rooms;
  readonly conversations: ConversationStore;
  readonly inbox: InboxStore;
  readonly notices: NoticeStore;
  readonly opener: OpenConversation;
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly lostRooms: Pick<ReplaceLostRooms, 'look'>;
  /** Joins as the bot. */
  readonly join: (roomId: RoomId) => Promise<boolean>;
  readonly wakeDeliveries: () => void;
  readonly wakeNotices: () => void;
}

/** Somebody joined, left or was invited. */
export class HandleMembership {
  readonly #parts: HandleMembershipParts;

  constructor(parts: HandleMembershipParts) {
    this.#parts = parts;
  }

  /** A member of staff who joins gets the card and what waited; the bot stays out of rooms that are not its own, and makes anew what it cannot do without. */
  async handle(event: MatrixEvent, room: KnownRoom | undefined): Promise<'done'> {
    const { namespace } = this.#parts;
    const member = parseUserId(event.state_key);
    const { membership } = event.content;
    if (member === undefined) return 'done';
    if (member === namespace.bot) {
      if (membership === 'invite') await this.#invited(event, room);
      else if (membership !== 'join') await this.#putOut(event, room);
      return 'done';
    }
    if (room === undefined) return 'done';
    if (membership === 'join' && !isOurs(namespace, member)) await this.#staffJoined(room);
    return 'done';
  }

  /** Whoever may have rooms adopted may ask the bot in: the invitation waits for `room adopt`. Where it governs, it comes back. */
  async #invited({ room_id: roomId, sender }: MatrixEvent, room: KnownRoom | undefined): Promise<void> {
    const { rooms, policy, join } = this.#parts;
    if (room !== undefined) await join(roomId);
    else if (!isPermitted(await policy.current(), sender, 'manage-rooms')) await rooms.leave(roomId);
  }

  /** By now it may be in again: the homeserver is asked. */
  async #putOut({ room_id: roomId, sender: by }: MatrixEvent, room: KnownRoom | undefined): Promise<void> {
    if (room?.governed !== undefined && isReplaced(room.governed)) await this.#parts.lostRooms.look({ roomId, by });
  }

  async #staffJoined({ conversation, roomId }: KnownRoom): Promise<void> {
    if (conversation !== undefined) {
      await this.#parts.opener.introduce(conversation, roomId);
      await this.#parts.inbox.wake(
        this.#parts.conversations.inboxLane(conversation.lineId, conversation.address.number),
      );
      this.#parts.wakeDeliveries();
    }
    await this.#parts.notices.wake(roomId);
    this.#parts.wakeNotices();
  }
}
