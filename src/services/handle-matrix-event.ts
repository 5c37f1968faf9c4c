import type { Logger } from '../log.ts';
import { parseRoomId, type RoomId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { MatrixEvent, MatrixEventRow } from '../model/rows.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { EventDecrypter } from '../ports/event-decrypter.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Handled } from '../model/handled.ts';
import type { HandleMembership } from './handle-membership.ts';
import type { HandleRedaction } from './handle-redaction.ts';
import type { HandleStaffMessage } from './handle-staff-message.ts';
import { ANSWERED, kindOf, type KnownRoom } from './known-room.ts';
import type { FollowUpgrade } from './follow-upgrade.ts';
import { COMMAND_ROOM_SETTING, type Notifier } from './notifier.ts';
import { replacementSetting } from './replaced-rooms.ts';

/** What handling room events needs. */
export interface HandleMatrixEventParts {
  readonly conversations: ConversationStore;
  readonly events: MatrixEventStore;
  readonly decrypter: EventDecrypter;
  readonly settings: SettingsStore;
  readonly governedRooms: Pick<GovernedRoomStore, 'find'>;
  readonly notifier: Notifier;
  readonly namespace: Namespace;
  readonly membership: HandleMembership;
  readonly redaction: HandleRedaction;
  readonly upgrade: FollowUpgrade;
  readonly message: HandleStaffMessage;
  readonly keyNoticeAfterMs: number;
  readonly log: Logger;
}

/** After the notice an event is looked at when keys come, and this often, ms. */
const KEY_LOOK_AGAIN_MS = 60_000;
/** A key that has not come by then never will: the words are no longer kept for it. ms. */
const KEY_GIVE_UP_MS = 7 * 24 * 3_600_000;
/** How long an event may wait for its room to become known, ms. */
const UNKNOWN_ROOM_WAIT_MS = 60_000;

/** Takes each room event to where it belongs. Made for the queue: safe to repeat. */
export class HandleMatrixEvent {
  readonly #parts: HandleMatrixEventParts;

  constructor(parts: HandleMatrixEventParts) {
    this.#parts = parts;
  }

  async handle(row: MatrixEventRow): Promise<Handled> {
    const { event } = row;
    const room = await this.#knownRoom(event.room_id);
    if (event.type === 'm.room.member') return this.#member(event, room);
    // Also where the bot itself upgraded the room, as an administrator does with its token.
    if (event.type === 'm.room.tombstone' && room !== undefined)
      return this.#parts.upgrade.follow(room, parseRoomId(event.content['replacement_room']), row.receivedAt);
    if (isOurs(this.#parts.namespace, event.sender) || isRemoved(event)) return 'done';
    if (room === undefined) return this.#unknownRoom(row);
    switch (event.type) {
      case 'm.room.encrypted':
        return this.#encrypted(row, room);
      case 'm.room.redaction':
        return this.#parts.redaction.handle(row, room);
      case 'm.reaction':
        return this.#parts.message.reaction(row, room);
      case 'm.room.message':
        return this.#parts.message.notEncrypted(row, room);
      default:
        return 'done';
    }
  }

  /** The bot is invited to a room that replaces one of ours: it is not left, since the tombstone will lead there. */
  async #member(event: MatrixEvent, room: KnownRoom | undefined): Promise<Handled> {
    const predecessor = room === undefined ? predecessorOf(event) : undefined;
    if (predecessor !== undefined && (await this.#knownRoom(predecessor))) return 'done';
    return this.#parts.membership.handle(event, room);
  }

  /** The room may be known in a moment: it is being made, or replaces another. What staff write into it meanwhile must not be lost. */
  async #unknownRoom(row: MatrixEventRow): Promise<Handled> {
    if (row.event.type !== 'm.room.encrypted') return 'done';
    const replacement = await this.#parts.settings.get(replacementSetting(row.event.room_id));
    if (replacement !== undefined) {
      const link = `https://matrix.to/#/${encodeURIComponent(replacement)}`;
      return this.#parts.message.refuse(row, `this room was replaced by another. Write there: ${link}`);
    }
    if (Date.now() - row.receivedAt < UNKNOWN_ROOM_WAIT_MS) return { waitMs: 1_000, code: 'unknown-room' };
    this.#parts.log.warn('message.unknown-room', { roomId: row.event.room_id, trace: row.trace });
    return 'done';
  }

  async #knownRoom(roomId: RoomId): Promise<KnownRoom | undefined> {
    const conversation = await this.#parts.conversations.findByRoom(roomId);
    const governed = await this.#parts.governedRooms.find(roomId);
    if (conversation || governed) return { roomId, conversation, governed };
    return (await this.#parts.settings.get(COMMAND_ROOM_SETTING)) === roomId
      ? { roomId, conversation: undefined }
      : undefined;
  }

  async #encrypted(row: MatrixEventRow, room: KnownRoom): Promise<Handled> {
    const { event } = row;
    const decrypted = await this.#parts.decrypter.decrypt(event);
    const isAnswered = ANSWERED.has(kindOf(room));
    switch (decrypted.outcome) {
      case 'no-key':
        return this.#waitForKey(row, room);
      case 'untrusted':
        if (!isAnswered) return 'done';
        await this.#withdrawKeyNotice(row);
        return this.#parts.message.refuse(
          row,
          'this device is not verified, so it is not proven who wrote it. Verify it in Element (Settings, Sessions), then send it again.',
        );
      case 'broken':
        if (!isAnswered) return 'done';
        await this.#withdrawKeyNotice(row);
        return this.#parts.message.refuse(row, 'it could not be decrypted. Send it again.');
      case 'clear':
        await this.#withdrawKeyNotice(row);
        return this.#parts.message.handle(row, room, withRelation(decrypted, event));
    }
  }

  /** Keys come by another way than events and may be later. Order is kept for a while; then the room is told and the rest goes on. */
  async #waitForKey(row: MatrixEventRow, room: KnownRoom): Promise<Handled> {
    const waited = Date.now() - row.receivedAt;
    const { keyNoticeAfterMs } = this.#parts;
    if (waited < keyNoticeAfterMs) return { waitMs: Math.min(keyNoticeAfterMs - waited, 2_000), code: 'no-key' };
    if (!ANSWERED.has(kindOf(room))) return 'done';
    if (waited > KEY_GIVE_UP_MS) return this.#giveUp(row);
    this.#parts.log.warn('message.no-key', {
      roomId: row.event.room_id,
      eventId: row.event.event_id,
      trace: row.trace,
    });
    await this.#parts.notifier.say(
      row.event.room_id,
      `This message cannot be read yet: its key has not come. It has not been sent yet. If this does not change, send it again. (Reference ${row.trace})`,
      {
        cause: `no-key:${row.event.event_id}`,
        trace: row.trace,
        replyTo: row.event.event_id,
        rememberAs: keyNoticeSetting(row),
      },
    );
    await this.#parts.events.setAside(row.id);
    return { waitMs: KEY_LOOK_AGAIN_MS, code: 'no-key' };
  }

  async #giveUp(row: MatrixEventRow): Promise<Handled> {
    await this.#withdrawKeyNotice(row);
    return this.#parts.message.refuse(row, 'its key never came, so it could not be read. Write it again.');
  }

  async #withdrawKeyNotice(row: MatrixEventRow): Promise<void> {
    if (Date.now() - row.receivedAt < this.#parts.keyNoticeAfterMs) return;
    await this.#parts.notifier.withdraw(row.event.room_id, keyNoticeSetting(row), {
      cause: `key-came:${row.event.event_id}`,
      trace: row.trace,
    });
  }
}

/** Removed before it was handed to us: the homeserver has emptied it. */
function isRemoved({ unsigned }: MatrixEvent): boolean {
  return unsigned?.['redacted_because'] !== undefined;
}

/**
 * The relation of an encrypted event stands outside of the encrypted part, and some clients leave it out inside (Matrix specification, client-server
 * API, "Relationships and encryption"). Without it an edit would go out as a new text.
 */
function withRelation<T extends { content: Readonly<Record<string, unknown>> }>(clear: T, { content }: MatrixEvent): T {
  const relation = content['m.relates_to'];
  return relation === undefined ? clear : { ...clear, content: { ...clear.content, 'm.relates_to': relation } };
}

/** The room that the room of an invitation replaces, by the state that comes with the invitation. */
function predecessorOf({ unsigned }: MatrixEvent): RoomId | undefined {
  const state = unsigned?.['invite_room_state'];
  if (!Array.isArray(state)) return undefined;
  const create = (state as { type?: unknown; content?: { predecessor?: { room_id?: unknown } } }[]).find(
    (event) => event?.type === 'm.room.create',
  );
  return parseRoomId(create?.content?.predecessor?.room_id);
}

function keyNoticeSetting(row: MatrixEventRow): string {
  return `key-notice:${row.event.event_id}`;
}
