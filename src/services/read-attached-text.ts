import { PermanentError, UserError } from '../errors.ts';
import type { EventId, RoomId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/rows.ts';
import type { EventDecrypter } from '../ports/event-decrypter.ts';
import type { RoomSender } from '../ports/room-sender.ts';

/** What reading attached files needs. */
export interface ReadAttachedTextParts {
  /** An event of a room that the bot is in; undefined where it cannot be seen. */
  readonly eventOf: (roomId: RoomId, eventId: EventId) => Promise<MatrixEvent | undefined>;
  readonly decrypter: EventDecrypter;
  readonly sender: Pick<RoomSender, 'downloadFile'>;
}

/** A text that came as a file, and the event that it came in. */
export interface AttachedText {
  readonly text: string;
  readonly eventId: EventId;
}

/** Some 20,000 rows. */
const MAX_BYTES = 1_000_000;
const MSGTYPES = new Set(['m.file', 'm.image', 'm.video', 'm.audio']);
/** What systems call a CSV file; one with Excel on it calls it Excel's. Its bytes are looked at in any case. */
const TEXT = /^(text\/.*|application\/(csv|vnd\.ms-excel|octet-stream))$/i;
/** What text has none of: control characters other than tab and the ends of lines. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const NO_TEXT = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

/** Reads a file of plain text that somebody sent into a room, encrypted. */
export class ReadAttachedText {
  readonly #parts: ReadAttachedTextParts;

  constructor(parts: ReadAttachedTextParts) {
    this.#parts = parts;
  }

  /**
   * The text of the first of these events that is a file; undefined where none is. Throws UserError where a file is not to be taken, and RetryableError
   * while the homeserver is away.
   */
  async read(roomId: RoomId, events: readonly EventId[]): Promise<AttachedText | undefined> {
    for (const eventId of events) {
      const content = await this.#content(roomId, eventId);
      if (MSGTYPES.has(String(content['msgtype']))) return { eventId, text: await this.#textOf(content) };
    }
    return undefined;
  }

  async #content(roomId: RoomId, eventId: EventId): Promise<Readonly<Record<string, unknown>>> {
    const event = await this.#parts.eventOf(roomId, eventId);
    if (event === undefined) throw refused('the message that you replied to cannot be seen. Send the file again');
    if (event.type !== 'm.room.encrypted') {
      if (event.content['msgtype'] !== undefined) throw refused('the file was not sent encrypted');
      return {};
    }
    const decrypted = await this.#parts.decrypter.decrypt(event);
    if (decrypted.outcome === 'untrusted')
      throw refused('the device that sent the file is not verified. Verify it, then send the file again');
    if (decrypted.outcome !== 'clear')
      throw refused('the message that you replied to cannot be read. Send the file again');
    return decrypted.type === 'm.room.message' ? decrypted.content : {};
  }

  async #textOf(content: Readonly<Record<string, unknown>>): Promise<string> {
    const { mimetype } = (content['info'] ?? {}) as { mimetype?: unknown };
    if (typeof mimetype === 'string' && !TEXT.test(mimetype)) throw refused(NO_CSV);
    const bytes = await this.#bytesOf(content);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw refused(NO_CSV);
    }
    if (NO_TEXT.test(text)) throw refused(NO_CSV);
    return text;
  }

  async #bytesOf(content: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
    try {
      return (await this.#parts.sender.downloadFile(content, MAX_BYTES)).bytes;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      throw refused(`the file cannot be fetched, or is larger than ${MAX_BYTES / 1_000_000} MB`);
    }
  }
}

const NO_CSV = 'the file is not UTF-8 text. Save it as “CSV UTF-8”, not as a workbook, and send that';

function refused(why: string): UserError {
  return new UserError(`Nothing was done: ${why}.`);
}
