import { expect } from 'chai';
import { decryptAttachment, encryptAttachment } from '../../../../src/cli/demo/attachment.ts';

describe('attachments of the demo client', () => {
  for (const size of [0, 1, 16, 100_000]) {
    it(`decrypts what it encrypted: ${size} bytes`, () => {
      const clear = new Uint8Array(size).fill(7);
      const { bytes, file } = encryptAttachment(clear);
      expect(Buffer.from(decryptAttachment(bytes, file)).equals(Buffer.from(clear))).to.equal(true);
    });
  }

  it('never encrypts twice with the same key', () => {
    const [first, second] = [encryptAttachment(new Uint8Array(16)), encryptAttachment(new Uint8Array(16))];
    expect(first.file.key.k).not.to.equal(second.file.key.k);
  });

  it('refuses a file that was changed on the way', () => {
    const { bytes, file } = encryptAttachment(new Uint8Array(16));
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    expect(() => decryptAttachment(bytes, file)).to.throw('not the one that the message describes');
  });
});
