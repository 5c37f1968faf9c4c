import { PermanentError, RetryableError } from '../errors.ts';
import type { Conversation } from '../model/conversation.ts';
import type { EventId, RoomId } from '../model/ids.ts';
import { newGhost, type Namespace } from '../model/namespace.ts';
import type { InboxRow, MediaReference } from '../model/rows.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { MediaIndex } from '../ports/media-index.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import type { MmsCarrier, SmsCarrier } from '../ports/sms-carrier.ts';
import type { CheckIdentity } from './check-identity.ts';
import type { NoteSaid } from './note-said.ts';
import type { Notifier } from './notifier.ts';
import type { OpenConversation } from './open-conversation.ts';
import type { SendAutomatic } from './send-automatic.ts';

/** What delivering to a room needs. */
export interface DeliverToRoomParts {
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly inbox: Pick<InboxStore, 'noteParts'>;
  readonly opener: OpenConversation;
  readonly sender: RoomSender;
  readonly automatic: SendAutomatic;
  readonly notifier: Notifier;
  readonly carriers: ReadonlyMap<string, SmsCarrier>;
  readonly media: MediaIndex;
  readonly namespace: Namespace;
  readonly warnOnFirstContact: boolean;
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
  /** Left out: nobody is asked who they are. */
  readonly identity?: CheckIdentity | undefined;
}

/** How long the team has to join before the administrators are told, ms. */
const UNATTENDED_NOTICE_MS = 10 * 60_000;
/** A member's joining wakes the lane at once; this is only the fall-back. */
const LOOK_AGAIN_MS = 60_000;
/** Marks what came by an unencrypted channel (E6). */
const CHANNEL = { 'org.carebridge.channel': 'sms' };

/** Puts a patient's text into its room, spoken by the ghost. Made for the queue: safe to repeat at any point. */
export class DeliverToRoom {
  readonly #parts: DeliverToRoomParts;

  constructor(parts: DeliverToRoomParts) {
    this.#parts = parts;
  }

  /** Returns done, or that it waits for a member of the team: history is visible from joining, so nobody would see it now. */
  async deliver(row: InboxRow, signal: AbortSignal): Promise<'done' | { waitMs: number; code: string }> {
    const { conversations, opener, namespace } = this.#parts;
    if (row.lineId === undefined) throw new PermanentError('no line has the number');
    const conversation = await conversations.findOrCreate(row.lineId, row.from, () => newGhost(namespace));
    if (!conversation.isIntroduced) await this.#warnNewContact(conversation, row);
    await this.#parts.identity?.answer(row, conversation);
    const roomId = await opener.room(conversation);
    if (!(await opener.introduce(conversation, roomId))) {
      await this.#tellUnattended(row, roomId);
      return { waitMs: LOOK_AGAIN_MS, code: 'waiting-for-team' };
    }
    try {
      await this.#sendAll(conversation, roomId, row, signal);
    } catch (error) {
      if (!(error instanceof PermanentError) || (await opener.isWhole(conversation, roomId))) throw error;
      throw new RetryableError('Bot or patient’s side were put out of the room: the next try mends that.', {
        cause: error,
      });
    }
    return 'done';
  }

  /** Homeservers know transaction ids for a day; a row that is given up may be tried again later. So what is in the room by then is noted. */
  async #sendAll(conversation: Conversation, roomId: RoomId, row: InboxRow, signal: AbortSignal): Promise<void> {
    const parts = this.#partsOf(conversation, roomId, row, signal);
    let sent = row.partsSent;
    try {
      for (const send of parts.slice(sent)) {
        await send();
        sent++;
      }
    } catch (error) {
      if (sent > row.partsSent) await this.#parts.inbox.noteParts(row.id, sent);
      throw error;
    }
  }

  /** The words, and then each file. */
  #partsOf(
    conversation: Conversation,
    roomId: RoomId,
    row: InboxRow,
    signal: AbortSignal,
  ): readonly (() => Promise<unknown>)[] {
    const words = { msgtype: 'm.text', body: row.body };
    const files = row.media.map(
      (reference, index) => () =>
        this.#sendMedia(conversation, roomId, row, reference, `inbox-${row.id}-${index}`, signal),
    );
    if (row.body === '' && files.length > 0) return files;
    return [() => this.#send(conversation, roomId, row, words, `inbox-${row.id}`), ...files];
  }

  /** An unknown number is asked for consent once, without waiting for the room. */
  async #warnNewContact(conversation: Conversation, row: InboxRow): Promise<void> {
    if (!this.#parts.warnOnFirstContact || row.keyword !== undefined) return;
    const consent = await this.#parts.consents.latest(conversation.address.id);
    if (consent === undefined) {
      await this.#parts.automatic.send(conversation, 'warning', `first-contact:${conversation.address.id}`, row.trace);
    }
  }

  async #tellUnattended(row: InboxRow, roomId: RoomId): Promise<void> {
    if (Date.now() - row.receivedAt < UNATTENDED_NOTICE_MS) return;
    await this.#parts.notifier.tellAdmins(
      `A patient's text on line ${row.lineId} waits: nobody of the team has joined its room ${roomId}. It is delivered when somebody joins.`,
      { cause: `unattended:${row.id}`, trace: row.trace },
    );
  }

  /** The message is on its way before it is noted for the archive; a repetition is told the same event id. */
  async #send(
    conversation: Conversation,
    roomId: RoomId,
    row: InboxRow,
    content: Record<string, unknown>,
    txnId: string,
  ): Promise<EventId> {
    const event = { roomId, type: 'm.room.message', content: { ...content, ...CHANNEL } };
    const sender = conversation.contact.ghost;
    const eventId = await this.#parts.sender.send({ as: sender, ...event, txnId });
    await this.#parts.said?.event(conversation, { ...event, by: 'patient', eventId, sender, at: row.receivedAt });
    return eventId;
  }

  async #sendMedia(
    conversation: Conversation,
    roomId: RoomId,
    row: InboxRow,
    reference: MediaReference,
    txnId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const carrier = this.#parts.carriers.get(row.carrier);
    if (carrier === undefined || !('fetchMedia' in carrier)) {
      throw new PermanentError(`carrier ${row.carrier} sent a picture but cannot fetch pictures`);
    }
    const ghost = conversation.contact.ghost;
    const file = await (carrier as MmsCarrier).fetchMedia(reference, signal);
    const uploaded = await this.#parts.sender.uploadFile(ghost, file);
    const content = { ...uploaded.content, body: fileName(file.contentType) };
    const eventId = await this.#send(conversation, roomId, row, content, txnId);
    await this.#parts.media.add({ eventId, roomId, mxc: uploaded.mxc, sha256: uploaded.sha256, at: Date.now() });
  }
}

/** A name that tells nothing but the kind. */
function fileName(contentType: string): string {
  const [kind = 'file', subtype = 'bin'] = contentType.split('/');
  return `${kind === 'image' ? 'picture' : 'file'}.${subtype.replace(/[^a-z0-9]/g, '').slice(0, 8) || 'bin'}`;
}
