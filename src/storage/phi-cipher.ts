/**
 * Encryption of the columns that hold PHI: AES-256-GCM (NIST SP 800-38D) under the keys of the configuration.
 *
 * A stored value is `1.<key id>.<base64url of iv, tag and ciphertext>`. Table, column and row id are authenticated with it, so a value that
 * somebody moves to another row, column or table cannot be read there.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import type { PhiKey } from '../config/config.ts';
import { ConfigError, PermanentError } from '../errors.ts';

/** Where a value is stored. */
export interface PhiPlace {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
}

const FORMAT = '1';
/** 96 random bits a value: one key is good for 2^32 values (SP 800-38D, section 8.3). */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Encrypts with the first key, decrypts with all. */
export class PhiCipher {
  readonly #keys = new Map<string, KeyObject>();
  /** Id of the key that encrypts. */
  readonly currentKeyId: string;

  constructor(keys: readonly PhiKey[]) {
    const [first] = keys;
    if (first === undefined)
      throw new ConfigError('No PHI key is configured: names, numbers and messages cannot be stored.');
    for (const { id, key } of keys) {
      if (key.length !== KEY_BYTES)
        throw new ConfigError(`PHI key ${id} has ${key.length} bytes instead of ${KEY_BYTES}.`);
      const derived = hkdfSync('sha256', key, '', 'carebridge phi columns', KEY_BYTES);
      this.#keys.set(id, createSecretKey(Buffer.from(derived)));
    }
    this.currentKeyId = first.id;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** The value to store at `place`. */
  encrypt(place: PhiPlace, text: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.currentKeyId), iv);
    cipher.setAAD(placeBytes(place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return [FORMAT, this.currentKeyId, Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')].join(
      '.',
    );
  }

  /** The text stored at `place`. Throws PermanentError where the value was changed or moved, or its key is not configured. */
  decrypt(place: PhiPlace, value: string): string {
    const [format, keyId = '', data = ''] = value.split('.');
    const bytes = Buffer.from(data, 'base64url');
    if (format !== FORMAT || bytes.length < IV_BYTES + TAG_BYTES) throw unreadable(place, 'is not in the known format');
    const decipher = createDecipheriv('aes-256-gcm', this.#key(keyId), bytes.subarray(0, IV_BYTES));
    decipher.setAAD(placeBytes(place));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw unreadable(place, 'was changed or moved since it was stored', cause);
    }
  }

  #key(id: string): KeyObject {
    const key = this.#keys.get(id);
    if (key === undefined)
      throw new PermanentError('A stored value is encrypted with a PHI key that is not configured.');
    return key;
  }
}

/** No column name holds a zero byte, so no two places give the same bytes. */
function placeBytes({ table, column, rowId }: PhiPlace): Buffer {
  return Buffer.from([table, column, rowId].join('\0'));
}

function unreadable({ table, column }: PhiPlace, why: string, cause?: unknown): PermanentError {
  return new PermanentError(`A value in ${table}.${column} cannot be read: it ${why}.`, { cause });
}
