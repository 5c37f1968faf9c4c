import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import type { Database } from './database.ts';
import { lockSchema } from './migrate.ts';
import type { PhiCipher } from './phi-cipher.ts';

interface PhiKeyRecord {
  readonly keyId: string;
  readonly lookupKey: string;
}

/**
 * Checks the configured keys against those that ever encrypted in this database, and returns the look-up key of `NumberHash`.
 *
 * The look-up key is random, made with the database and kept in it once for each PHI key, encrypted with that key. So a number is
 * found after the PHI keys are rotated, whichever of them is left, and every row is a check of its key. Throws ConfigError where a key is missing or wrong.
 */
export async function openPhiKeys(
  database: Database,
  cipher: PhiCipher,
  setting = 'secrets.phi_key',
): Promise<Uint8Array> {
  return database.inTransaction(async (transaction) => {
    await lockSchema(database, transaction);
    const records = await database.select<PhiKeyRecord>(
      transaction,
      'SELECT key_id AS "keyId", lookup_key AS "lookupKey" FROM phi_keys ORDER BY key_id',
    );
    const lookupKeys = records.map((record) => unwrap(cipher, record, setting));
    const lookupKey = lookupKeys[0] ?? randomBytes(32);
    if (!records.some(({ keyId }) => keyId === cipher.currentKeyId)) {
      await database.execute(transaction, 'INSERT INTO phi_keys (key_id, lookup_key, created_at) VALUES ($1, $2, $3)', [
        cipher.currentKeyId,
        cipher.encrypt(placeOf(cipher.currentKeyId), Buffer.from(lookupKey).toString('base64')),
        Date.now(),
      ]);
    }
    return lookupKey;
  });
}

function unwrap(cipher: PhiCipher, { keyId, lookupKey }: PhiKeyRecord, setting: string): Buffer {
  if (!cipher.has(keyId)) {
    throw new ConfigError(
      `The database holds values encrypted with PHI key ${keyId}, which is not configured. Put that key back into ${setting}, as a line ` +
        'below the new one: the first line encrypts, the others only decrypt. Without it the names, numbers and messages in the database cannot be read.',
    );
  }
  try {
    return Buffer.from(cipher.decrypt(placeOf(keyId), lookupKey), 'base64');
  } catch (cause) {
    throw new ConfigError(
      `PHI key ${keyId} is configured, but it does not open this database. Check that ${setting} holds the whole key that was ` +
        'made for this installation, or restore the database from a backup.',
      [],
      { cause },
    );
  }
}

function placeOf(keyId: string) {
  return { table: 'phi_keys', column: 'lookup_key', rowId: keyId };
}
