/** Keys of the crypto store, all from the one passphrase. */
import { hkdfSync, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** scrypt's N for a new store: 64 MiB and about 0.2 s, felt once at start, and for every guess by whoever stole the file. */
export const SCRYPT_COST = 2 ** 16;

const BLOCK_SIZE = 8;

/** A salt for a new store. */
export function newSalt(): Uint8Array {
  return randomBytes(16);
}

/**
 * One slow derivation a process (scrypt, RFC 7914), then a fast one for each user (HKDF-SHA-256, RFC 5869): the store's own PBKDF2 would take
 * its time again for each ghost that is loaded.
 */
export class StoreKeys {
  readonly #master: Uint8Array;

  /** `cost` is the N with which the store was made. */
  constructor(passphrase: string, salt: Uint8Array, cost: number) {
    const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 256 * BLOCK_SIZE * cost };
    this.#master = scryptSync(passphrase.normalize('NFC'), salt, 32, options);
  }

  /** 32 bytes for one purpose. */
  derive(purpose: string): Uint8Array {
    return new Uint8Array(
      hkdfSync('sha256', this.#master, new Uint8Array(), `carebridge crypto store: ${purpose}`, 32),
    );
  }

  /** What a later start compares to tell a wrong passphrase from a damaged store. Reveals nothing of the other keys. */
  get check(): Uint8Array {
    return this.derive('check');
  }

  matches(check: Uint8Array): boolean {
    return check.length === 32 && timingSafeEqual(check, this.check);
  }
}
