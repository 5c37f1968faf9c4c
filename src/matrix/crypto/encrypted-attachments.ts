/** Files in encrypted rooms (Matrix spec, "Sending encrypted attachments", version v2). */
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PermanentError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { UploadedFile } from '../../ports/room-sender.ts';
import { clientPath } from '../homeserver.ts';
import type { MatrixHttp } from '../matrix-http.ts';

/** How a file was encrypted: what `file` holds beside `url`. */
export interface AttachmentKey {
  readonly v: 'v2';
  readonly key: {
    readonly kty: 'oct';
    readonly key_ops: readonly string[];
    readonly alg: 'A256CTR';
    readonly k: string;
    readonly ext: true;
  };
  readonly iv: string;
  readonly hashes: { readonly sha256: string };
}

/** Encrypts with a fresh key. */
export function encryptAttachment(clear: Uint8Array): { bytes: Uint8Array; key: AttachmentKey } {
  const secret = randomBytes(32);
  // The lower half of the counter block is the counter, from 0, so that it cannot overflow into the upper.
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
  const cipher = createCipheriv('aes-256-ctr', secret, iv);
  const bytes = Buffer.concat([cipher.update(clear), cipher.final()]);
  const key: AttachmentKey = {
    v: 'v2',
    key: { kty: 'oct', key_ops: ['encrypt', 'decrypt'], alg: 'A256CTR', k: secret.toString('base64url'), ext: true },
    iv: unpadded(iv),
    hashes: { sha256: unpadded(createHash('sha256').update(bytes).digest()) },
  };
  return { bytes, key };
}

/** Decrypts. Throws PermanentError where the bytes are not those that the hash is of: nothing of them is used then. */
export function decryptAttachment(bytes: Uint8Array, { key, iv, hashes }: AttachmentKey): Uint8Array {
  const wanted = Buffer.from(hashes.sha256, 'base64');
  const found = createHash('sha256').update(bytes).digest();
  if (wanted.length !== found.length || !timingSafeEqual(wanted, found))
    throw new PermanentError('The file is not the one that was sent: its hash is wrong.');
  const decipher = createDecipheriv('aes-256-ctr', Buffer.from(key.k, 'base64url'), Buffer.from(iv, 'base64'));
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/** Encrypted files on the homeserver. */
export class EncryptedAttachments {
  readonly #http: MatrixHttp;
  readonly #reader: UserId;

  /** `reader` downloads: the bot. */
  constructor(http: MatrixHttp, reader: UserId) {
    this.#http = http;
    this.#reader = reader;
  }

  /** See `RoomSender.uploadFile`. */
  async upload(as: UserId, file: { bytes: Uint8Array; contentType: string }): Promise<UploadedFile> {
    const { bytes, key } = encryptAttachment(file.bytes);
    const answer = await this.#http.call('upload a file', {
      method: 'POST',
      path: '/_matrix/media/v3/upload',
      as,
      body: bytes,
      timeoutMs: TIMEOUT_MS,
    });
    const mxc = answer['content_uri'];
    if (typeof mxc !== 'string') throw new PermanentError('The homeserver took a file and gave it no address.');
    const content = {
      msgtype: msgtypeOf(file.contentType),
      info: { mimetype: file.contentType, size: file.bytes.length },
      file: { ...key, url: mxc },
    };
    return { content, mxc, sha256: createHash('sha256').update(file.bytes).digest('hex') };
  }

  /** See `RoomSender.downloadFile`. */
  async download(
    content: Readonly<Record<string, unknown>>,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; contentType: string }> {
    const { key, server, media, contentType, size } = readContent(content);
    if (size > maxBytes) throw new PermanentError(`The file is larger than ${maxBytes} bytes.`);
    const path = clientPath`/_matrix/client/v1/media/download/${server}/${media}`;
    const { bytes } = await this.#http.bytes(
      'download a file',
      { method: 'GET', path, as: this.#reader, timeoutMs: TIMEOUT_MS },
      maxBytes,
    );
    return { bytes: decryptAttachment(bytes, key), contentType };
  }
}

/** Media is larger than any other body. ms. */
const TIMEOUT_MS = 120_000;

const MXC = /^mxc:\/\/([A-Za-z0-9.\-[\]:]+)\/([A-Za-z0-9_-]+)$/;
const CONTENT_TYPE = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;

function readContent(content: Readonly<Record<string, unknown>>) {
  const file = (content['file'] ?? {}) as Partial<AttachmentKey> & { url?: unknown };
  const info = (content['info'] ?? {}) as { mimetype?: unknown; size?: unknown };
  const [, server, media] = (typeof file.url === 'string' && MXC.exec(file.url)) || [];
  if (server === undefined || media === undefined || !isAttachmentKey(file))
    throw new PermanentError('The message names no encrypted file that can be fetched.');
  const contentType =
    typeof info.mimetype === 'string' && CONTENT_TYPE.test(info.mimetype) ? info.mimetype : 'application/octet-stream';
  return { key: file, server, media, contentType, size: typeof info.size === 'number' ? info.size : 0 };
}

function isAttachmentKey(file: Partial<AttachmentKey>): file is AttachmentKey {
  const { v, key, iv, hashes } = file as {
    v?: unknown;
    key?: { k?: unknown; alg?: unknown };
    iv?: unknown;
    hashes?: { sha256?: unknown };
  };
  const isBytes = (text: unknown, length: number): boolean =>
    typeof text === 'string' && Buffer.from(text, 'base64').length === length;
  return v === 'v2' && key?.alg === 'A256CTR' && isBytes(key.k, 32) && isBytes(iv, 16) && isBytes(hashes?.sha256, 32);
}

function msgtypeOf(contentType: string): string {
  const kind = contentType.split('/')[0];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? `m.${kind}` : 'm.file';
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
