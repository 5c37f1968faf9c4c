import { createHash } from 'node:crypto';
import type { PhiKey } from './config.ts';
import type { ValueType } from './value-types.ts';

/** AES-256. */
const KEY_BYTES = 32;

/** Keys in base64, apart by white space: the first encrypts, all decrypt. So a key is changed by writing a new one above it. */
export const phiKeys: ValueType<readonly PhiKey[]> = {
  name: 'keys',
  read(written) {
    const words = written.split(/\s+/).filter((word) => word !== '');
    const keys = words.map((word) => new Uint8Array(Buffer.from(word, 'base64')));
    // Node skips what is not base64, so a key with a slip of the pen would be shorter or another one.
    const isWhole = words.every((word) => /^[A-Za-z0-9+/_-]{43}=?$/.test(word));
    if (keys.length === 0 || !isWhole || keys.some((key) => key.length !== KEY_BYTES)) {
      const fix = 'write 32 random bytes in base64, one key a line (openssl rand -base64 32)';
      return { problem: 'it is not a key of 32 bytes in base64', fix };
    }
    if (keys.some((key) => key.every((byte) => byte === key[0]))) {
      return { problem: 'it can be guessed', fix: 'use random bytes (openssl rand -base64 32)' };
    }
    return { value: keys.map((key) => ({ id: idOf(key), key })) };
  },
};

function idOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
