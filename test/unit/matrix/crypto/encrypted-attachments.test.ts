import { expect } from 'chai';
import {
  decryptAttachment,
  encryptAttachment,
  type AttachmentKey,
} from '../../../../src/matrix/crypto/encrypted-attachments.ts';
import {
  decryptAttachment as decryptAsClient,
  encryptAttachment as encryptAsClient,
} from '../../../../src/cli/demo/attachment.ts';

const clear = Buffer.from('a picture of a rash');

describe('encrypted attachments', () => {
  it('gives back what was encrypted', () => {
    const { bytes, key } = encryptAttachment(clear);
    expect(Buffer.from(bytes).includes('rash')).to.equal(false);
    expect(Buffer.from(decryptAttachment(bytes, key))).to.deep.equal(clear);
  });

  it('has the form of the specification', () => {
    const { key } = encryptAttachment(clear);
    expect(key).to.have.property('v', 'v2');
    expect(key.key).to.deep.include({ kty: 'oct', alg: 'A256CTR', ext: true, key_ops: ['encrypt', 'decrypt'] });
    expect(key.key.k).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(key.iv).to.match(/^[A-Za-z0-9+/]{22}$/);
    expect(Buffer.from(key.iv, 'base64').subarray(8)).to.deep.equal(Buffer.alloc(8));
    expect(key.hashes.sha256).to.match(/^[A-Za-z0-9+/]{43}$/);
  });

  it('uses a new key for each file', () => {
    expect(encryptAttachment(clear).key.key.k).to.not.equal(encryptAttachment(clear).key.key.k);
  });

  it('understands the client of the demo, and is understood by it', () => {
    const ours = encryptAttachment(clear);
    expect(Buffer.from(decryptAsClient(ours.bytes, ours.key as never))).to.deep.equal(clear);
    const theirs = encryptAsClient(clear);
    expect(Buffer.from(decryptAttachment(theirs.bytes, theirs.file as unknown as AttachmentKey))).to.deep.equal(clear);
  });

  for (const [what, spoil] of [
    ['a bit is changed', (bytes: Uint8Array) => Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1)],
    ['the end is missing', (bytes: Uint8Array) => bytes.subarray(1)],
    ['everything is missing', () => new Uint8Array()],
  ] as const) {
    it(`refuses a file where ${what}`, () => {
      const { bytes, key } = encryptAttachment(clear);
      expect(() => decryptAttachment(spoil(bytes), key)).to.throw(/its hash is wrong/);
    });
  }
});
