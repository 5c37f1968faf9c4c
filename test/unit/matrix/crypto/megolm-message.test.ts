import { expect } from 'chai';
import { readPosition } from '../../../../src/matrix/crypto/megolm-message.ts';

/** Version 3, the index as tag 8, then the beginning of the ciphertext field. */
function message(...index: number[]): string {
  return Buffer.from([3, 8, ...index, 0x12, 0x20, 1, 2, 3, 4, 5, 6])
    .toString('base64')
    .replace(/=+$/, '');
}

const algorithm = 'm.megolm.v1.aes-sha2';

describe('position of a Megolm message', () => {
  for (const [bytes, index] of [
    [[0], 0],
    [[1], 1],
    [[99], 99],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
  ] as const) {
    it(`reads index ${index}`, () => {
      expect(readPosition({ algorithm, session_id: 's', ciphertext: message(...bytes) })).to.deep.equal({
        sessionId: 's',
        index,
      });
    });
  }

  for (const [what, content] of [
    ['another algorithm', { algorithm: 'm.olm.v1', session_id: 's', ciphertext: message(0) }],
    ['no session', { algorithm, ciphertext: message(0) }],
    ['no ciphertext', { algorithm, session_id: 's' }],
    ['an object for a ciphertext', { algorithm, session_id: 's', ciphertext: {} }],
    ['another version', { algorithm, session_id: 's', ciphertext: 'BAgA' }],
    ['another first field', { algorithm, session_id: 's', ciphertext: 'AxIA' }],
    ['an index without end', { algorithm, session_id: 's', ciphertext: message(0xff, 0xff, 0xff, 0xff, 0xff, 0xff) }],
    ['nothing behind the version', { algorithm, session_id: 's', ciphertext: 'Awg' }],
  ] as const) {
    it(`finds none in ${what}`, () => {
      expect(readPosition(content)).to.equal(undefined);
    });
  }
});
