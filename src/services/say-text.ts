import { PermanentError } from '../errors.ts';
import type { Conversation } from '../model/conversation.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { InboxRow, MediaReference } from '../model/rows.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { MediaIndex } from '../ports/media-index.ts';
import type { RoomSender } from '../ports/room-sender.ts';
import type { MmsCarrier, SmsCarrier } from '../ports/sms-carrier.ts';
import type { NoteSaid } from './note-said.ts';

/** What saying needs. */
export interface SayTextParts {
  readonly inbox: Pick<InboxStore, 'noteParts'>;
  readonly sender: RoomSender;
  readonly carriers: ReadonlyMap<string, SmsCarrier>;
  readonly media: MediaIndex;
  /** Left out: nothing is archived. */
  readonly said?: NoteSaid | undefined;
}

/** Where a text is said, and by whom. */
export interface Place {
  readonly roomId: RoomId;
  readonly speaker: UserId;
  /** Left out where it is no conversation's room. */
  readonly conversation?: Conversation;
}

/** Marks what came by an unencrypted channel (E6). */
const CHANNEL = { 'org.carebridge.channel': 'sms' };

/** Says a text in a room: its words, and then each file. Made for the queue: safe to repeat at any point. */
export class SayText {
  readonly #parts: SayTextParts;

  constructor(parts: SayTextParts) {
    this.#parts = parts;
  }

  /**
   * `words` are left out where they are empty and there are files. Homeservers know transaction ids for a day; a row that is given up may be tried again
   * later. So what is in the room by then is noted.
   */
  async say(row: InboxRow, words: string, place: Place, signal: AbortSignal): Promise<void> {
    let sent = row.partsSent;
    try {
      for (const send of this.#steps(row, words, place, signal).slice(sent)) {
        await send();
        sent++;
      }
    } catch (error) {
      if (sent > row.partsSent) await this.#parts.inbox.noteParts(row.id, sent);
      throw error;
    }
  }

  #steps(row: InboxRow, words: string, place: Place, signal: AbortSignal): readonly (() => Promise<unknown>)[] {
    const files = row.media.map(
      (reference, index) => () => this.#sendFile(place, row, reference, `inbox-${row.id}-${index}`, signal),
    );
    if (words === '' && files.length > 0) return files;
    return [() => this.#send(place, row, { msgtype: 'm.text', body: words }, `inbox-${row.id}`), ...files];
  }

  /** The message is on its way before it is noted for the archive; a repetition is told the same event id. */
  async #send(
    { roomId, speaker, conversation }: Place,
    row: InboxRow,
    content: Record<string, unknown>,
    txnId: string,
  ): Promise<EventId> {
    const event = { roomId, type: 'm.room.message', content: { ...content, ...CHANNEL } };
    const eventId = await this.#parts.sender.send({ as: speaker, ...event, txnId });
    if (conversation !== undefined) {
      const origin = { by: 'patient', eventId, sender: speaker, at: row.receivedAt } as const;
      await this.#parts.said?.event(conversation, { ...event, ...origin });
    }
    return eventId;
  }

  async #sendFile(
    place: Place,
    row: InboxRow,
    reference: MediaReference,
    txnId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const carrier = this.#parts.carriers.get(row.carrier);
    if (carrier === undefined || !('fetchMedia' in carrier)) {
      throw new PermanentError(`carrier ${row.carrier} sent a picture but cannot fetch pictures`);
    }
    const file = await (carrier as MmsCarrier).fetchMedia(reference, signal);
    const uploaded = await this.#parts.sender.uploadFile(place.speaker, file);
    const content = { ...uploaded.content, body: fileName(file.contentType) };
    const eventId = await this.#send(place, row, content, txnId);
    const { mxc, sha256 } = uploaded;
    await this.#parts.media.add({ eventId, roomId: place.roomId, mxc, sha256, at: Date.now() });
  }
}

/** A name that tells nothing but the kind. */
function fileName(contentType: string): string {
  const [kind = 'file', subtype = 'bin'] = contentType.split('/');
  return `${kind === 'image' ? 'picture' : 'file'}.${subtype.replace(/[^a-z0-9]/g, '').slice(0, 8) || 'bin'}`;
}
