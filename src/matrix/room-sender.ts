import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { RoomSender, UploadedFile } from '../ports/room-sender.ts';
import { clientPath, type Homeserver } from './homeserver.ts';

/** Encrypts for a room and sends, see `RoomSender.send`. */
export interface RoomEncrypter {
  prepare(as: UserId): Promise<void>;
  encryptAndSend(message: Parameters<RoomSender['send']>[0]): Promise<EventId>;
}

/** Encrypted files, see `RoomSender.uploadFile` and `downloadFile`. */
export interface EncryptedFiles {
  upload(as: UserId, file: { bytes: Uint8Array; contentType: string }): Promise<UploadedFile>;
  download(
    content: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; contentType: string }>;
}

/** What sending needs. */
export interface MatrixRoomSenderParts {
  readonly encrypter: RoomEncrypter;
  readonly files: EncryptedFiles;
  readonly homeserver: Homeserver;
}

/** Sends into Matrix rooms. Receipts and redactions are not encrypted: they say nothing but which event they mean. */
export class MatrixRoomSender implements RoomSender {
  readonly #parts: MatrixRoomSenderParts;

  constructor(parts: MatrixRoomSenderParts) {
    this.#parts = parts;
  }

  prepare(as: UserId): Promise<void> {
    return this.#parts.encrypter.prepare(as);
  }

  send(message: Parameters<RoomSender['send']>[0]): Promise<EventId> {
    return this.#parts.encrypter.encryptAndSend(message);
  }

  async markRead(as: UserId, roomId: RoomId, eventId: EventId): Promise<void> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/receipt/m.read/${eventId}`;
    await this.#parts.homeserver.call(as, 'mark an event as read', { method: 'POST', path, body: {} });
  }

  async redact(as: UserId, roomId: RoomId, eventId: EventId, txnId: string): Promise<void> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/redact/${eventId}/${txnId}`;
    await this.#parts.homeserver.call(as, 'take an event back', { method: 'PUT', path, body: {} });
  }

  uploadFile(as: UserId, file: { bytes: Uint8Array; contentType: string }): Promise<UploadedFile> {
    return this.#parts.files.upload(as, file);
  }

  downloadFile(
    content: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; contentType: string }> {
    return this.#parts.files.download(content, maxBytes);
  }
}
