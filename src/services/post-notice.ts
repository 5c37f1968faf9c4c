import { PermanentError } from '../errors.ts';
import { ANSWER_KEY, type NoticeRow } from '../model/rows.ts';
import type { EventId, RoomId } from '../model/ids.ts';
import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { WatchedDeviceStore } from '../ports/watched-device-store.ts';
import type { Conversation } from '../model/conversation.ts';
import type { NoteSaid } from './note-said.ts';
import type { OpenConversation } from './open-conversation.ts';
import type { ReplaceLostRooms } from './replace-lost-rooms.ts';
import { roomInPlaceOf } from './replaced-rooms.ts';

/** What posting needs. */
export interface PostNoticeParts {
  readonly conversations: ConversationStore;
  readonly opener: OpenConversation;
  readonly sender: RoomSender;
  readonly settings: SettingsStore;
  readonly confirmations: Pick<ConfirmationStore, 'setPrompt'>;
  readonly watchedDevices: Pick<WatchedDeviceStore, 'addNotice'>;
  readonly lostRooms: Pick<ReplaceLostRooms, 'look'>;
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
}

type Posted = 'done' | { waitMs: number; code: string };
type NoticeMessage = Extract<NoticeRow['notice'], { kind: 'message' }>;

/** A member's joining wakes the room; this is only the fall-back. */
const LOOK_AGAIN_MS = 30_000;

/** Puts a notice into its room, or where that is lost into its successor. Made for the queue: the same row speaks once. */
export class PostNotice {
  readonly #parts: PostNoticeParts;

  constructor(parts: PostNoticeParts) {
    this.#parts = parts;
  }

  /** Returns done, or that nobody is in the room yet to read it. */
  async post(row: NoticeRow): Promise<Posted> {
    const { sender, roomId, notice } = row;
    if (notice.kind === 'receipt') {
      await this.#parts.sender.markRead(sender, roomId, notice.eventId);
      return 'done';
    }
    if (notice.kind === 'withdraw') {
      const eventId = await this.#parts.settings.get(notice.remembered);
      if (eventId !== undefined) {
        await this.#parts.sender.redact(sender, roomId, eventId as EventId, `notice-${row.id}`);
        await this.#parts.settings.remove(notice.remembered);
      }
      return 'done';
    }
    try {
      return await this.#say(row, notice, roomId);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // The room may be lost, and nobody told us: then there is another by now.
      await this.#parts.lostRooms.look();
      const successor = await roomInPlaceOf(this.#parts.settings, roomId);
      if (successor === roomId) throw error;
      return await this.#say(row, notice, successor);
    }
  }

  async #say({ id, sender, roomId: meant }: NoticeRow, notice: NoticeMessage, roomId: RoomId): Promise<Posted> {
    const conversation = await this.#parts.conversations.findByRoom(roomId);
    if (!(await this.#isAttended(roomId, conversation))) return { waitMs: LOOK_AGAIN_MS, code: 'waiting-for-team' };
    const replyTo = roomId === meant ? notice.replyTo : undefined;
    const content = {
      // The standard push rules are silent about notices, mentions or not.
      msgtype: notice.mentions || notice.isAlarm ? 'm.text' : 'm.notice',
      body: notice.text,
      ...(notice.mentions && { 'm.mentions': { user_ids: notice.mentions } }),
      ...(replyTo && { 'm.relates_to': { 'm.in_reply_to': { event_id: replyTo } } }),
      ...(notice.data !== undefined && { [ANSWER_KEY]: notice.data }),
    };
    const event = { roomId, type: 'm.room.message', content };
    const eventId = await this.#parts.sender.send({ as: sender, ...event, txnId: `notice-${id}` });
    if (conversation)
      await this.#parts.said?.event(conversation, { ...event, by: 'bridge', eventId, sender, at: Date.now() });
    // A process that dies before this sends again with the same transaction id, and is told the same event id.
    if (notice.confirmation) await this.#parts.confirmations.setPrompt(notice.confirmation, eventId);
    if (notice.device) await this.#parts.watchedDevices.addNotice(eventId, notice.device);
    if (notice.rememberAs) await this.#parts.settings.set(notice.rememberAs, eventId);
    return 'done';
  }

  /** In a conversation the card comes first. */
  async #isAttended(roomId: RoomId, conversation: Conversation | undefined): Promise<boolean> {
    return conversation ? this.#parts.opener.introduce(conversation, roomId) : this.#parts.opener.isAttended(roomId);
  }
}
