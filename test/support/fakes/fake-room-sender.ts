import { createHash } from 'node:crypto';
import { PermanentError } from '../../../src/errors.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { RoomSender, UploadedFile } from '../../../src/ports/room-sender.ts';

/** An event that was sent into a room. */
export interface SentEvent {
  readonly eventId: EventId;
  readonly as: UserId;
  readonly roomId: RoomId;
  readonly content: Readonly<Record<string, unknown>>;
  readonly txnId: string;
}

/** Keeps what was sent, once for each (sender, transaction id), as a homeserver does. */
export class FakeRoomSender implements RoomSender {
  readonly prepared = new Set<UserId>();
  readonly events: SentEvent[] = [];
  readonly receipts: { as: UserId; roomId: RoomId; eventId: EventId }[] = [];
  readonly redactions: { roomId: RoomId; eventId: EventId }[] = [];
  readonly uploads: { bytes: Uint8Array; contentType: string }[] = [];
  /** What every file turns out to be. */
  file = { bytes: new Uint8Array([1, 2, 3]), contentType: 'image/png' };
  /** Every `send` fails with this while it is set. */
  fault: Error | undefined;
  readonly #redactedBy = new Set<string>();
  #forgotten = 0;

  async prepare(as: UserId): Promise<void> {
    this.prepared.add(as);
  }

  async send(message: Parameters<RoomSender['send']>[0]): Promise<EventId> {
    if (this.fault) throw this.fault;
    const known = this.events
      .slice(this.#forgotten)
      .find(({ as, txnId }) => as === message.as && txnId === message.txnId);
    if (known) return known.eventId;
    const eventId = `$sent-${this.events.length + 1}` as EventId;
    this.events.push({ ...message, eventId });
    return eventId;
  }

  /** What was sent before is no longer recognised, as after a day. */
  forgetTransactions(): void {
    this.#forgotten = this.events.length;
  }

  async markRead(as: UserId, roomId: RoomId, eventId: EventId): Promise<void> {
    // A receipt for the same event changes nothing on a homeserver.
    if (this.receipts.some((known) => known.as === as && known.eventId === eventId)) return;
    this.receipts.push({ as, roomId, eventId });
  }

  async redact(as: UserId, roomId: RoomId, eventId: EventId, txnId: string): Promise<void> {
    if (this.#redactedBy.has(`${as} ${txnId}`)) return;
    this.#redactedBy.add(`${as} ${txnId}`);
    this.redactions.push({ roomId, eventId });
  }

  async uploadFile(_as: UserId, file: { bytes: Uint8Array; contentType: string }): Promise<UploadedFile> {
    this.uploads.push(file);
    const mxc = `mxc://hospital.test/${this.uploads.length}`;
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    return { content: { msgtype: 'm.image', file: { url: mxc } }, mxc, sha256 };
  }

  async downloadFile(_content: unknown, maxBytes: number): Promise<{ bytes: Uint8Array; contentType: string }> {
    if (this.file.bytes.length > maxBytes) throw new PermanentError('The file is too large.');
    return this.file;
  }

  /** The words in a room, oldest first; with `as`, of one sender only. */
  said(roomId: RoomId, as?: UserId): string[] {
    const here = this.events.filter((event) => event.roomId === roomId && (as === undefined || event.as === as));
    return here.map(({ content }) => String(content['body']));
  }
}
