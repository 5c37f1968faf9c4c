import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { PhoneNumber } from '../model/phone-number.ts';

/** 128 bits in hex. */
const LENGTH = 32;

/** Finds a number without storing it: a keyed hash (HMAC-SHA256), since there are too few numbers for a plain one to hide them. */
export class NumberHash {
  readonly #key: KeyObject;

  /** `key` is the database's look-up key, see `openPhiKeys`. */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  of(number: PhoneNumber): string {
    return createHmac('sha256', this.#key).update(number).digest('hex').slice(0, LENGTH);
  }
}
