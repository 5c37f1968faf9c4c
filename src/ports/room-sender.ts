import type { EventId, RoomId, UserId } from '../model/ids.ts';

/** Sends into encrypted rooms, as the bot or a ghost. */
export interface RoomSender {
  /**
   * Makes the device of one of our users, with its signature, where there is none. To be called before anybody shares a room with the user: a client that
   * has read the device's keys unsigned, and is slow to read them again, would never show the first words. Throws RetryableError.
   */
  prepare(as: UserId): Promise<void>;
  /**
   * Encrypts and sends; the same `txnId` sends once, however often it is called. Throws RetryableError while the homeserver or the keys are
   * not there, PermanentError where the room can never take it (not encrypted, forbidden).
   */
  send(message: {
    readonly as: UserId;
    readonly roomId: RoomId;
    readonly type: string;
    readonly content: Readonly<Record<string, unknown>>;
    readonly txnId: string;
  }): Promise<EventId>;
  /** Marks `eventId` as read by `as`: for the team, "delivered to the phone". */
  markRead(as: UserId, roomId: RoomId, eventId: EventId): Promise<void>;
  /** Takes an event of ours back. The same `txnId` acts once. */
  redact(as: UserId, roomId: RoomId, eventId: EventId, txnId: string): Promise<void>;
  /** Encrypts and uploads a file; returns the content of an `m.image` / `m.file` message without `body`. */
  uploadFile(as: UserId, file: { bytes: Uint8Array; contentType: string }): Promise<UploadedFile>;
  /** Downloads and decrypts the file that a message content refers to. Throws PermanentError where its hash is wrong or it exceeds `maxBytes`. */
  downloadFile(
    content: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; contentType: string }>;
}

/** An encrypted file on the homeserver. `sha256` is that of the clear bytes, hex. */
export interface UploadedFile {
  readonly content: Readonly<Record<string, unknown>>;
  readonly mxc: string;
  readonly sha256: string;
}
