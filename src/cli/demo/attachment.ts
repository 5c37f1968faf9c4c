/** Encrypted files as clients make and read them (Matrix specification, "Sending encrypted attachments"): the test's own, not the bridge's code. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** What `file` of an `m.image` holds, less the address. */
export interface AttachmentKey {
  readonly v: 'v2';
  readonly key: {
    readonly alg: 'A256CTR';
    readonly ext: true;
    readonly k: string;
    readonly key_ops: readonly ['encrypt', 'decrypt'];
    readonly kty: 'oct';
  };
  readonly iv: string;
  readonly hashes: { readonly sha256: string };
}

/** Encrypts a file with a key of its own. */
export function encryptAttachment(clear: Uint8Array): { bytes: Uint8Array<ArrayBuffer>; file: AttachmentKey } {
  const key = randomBytes(32);
  // The lower 8 bytes count blocks and start at 0, as the specification asks.
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
  const cipher = createCipheriv('aes-256-ctr', key, iv);
  const bytes = new Uint8Array(Buffer.concat([cipher.update(clear), cipher.final()]));
  return {
    bytes,
    file: {
      v: 'v2',
      key: { alg: 'A256CTR', ext: true, k: key.toString('base64url'), key_ops: ['encrypt', 'decrypt'], kty: 'oct' },
      iv: unpadded(iv),
      hashes: { sha256: unpadded(createHash('sha256').update(bytes).digest()) },
    },
  };
}

/** Decrypts a file; throws where it is not the one that `file` describes. */
export function decryptAttachment(bytes: Uint8Array, file: AttachmentKey): Uint8Array {
  const hash = unpadded(createHash('sha256').update(bytes).digest());
  if (hash !== file.hashes.sha256.replace(/=+$/, ''))
    throw new Error('The file is not the one that the message describes.');
  const iv = Buffer.from(file.iv, 'base64');
  const decipher = createDecipheriv('aes-256-ctr', Buffer.from(file.key.k, 'base64url'), iv);
  return new Uint8Array(Buffer.concat([decipher.update(bytes), decipher.final()]));
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
