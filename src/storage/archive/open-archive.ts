import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import type { MessageArchive } from '../../ports/message-archive.ts';
import { migrate } from '../migrate.ts';
import { openDatabase } from '../open-database.ts';
import { PhiCipher } from '../phi-cipher.ts';
import { openPhiKeys } from '../phi-keys.ts';
import { ARCHIVE_MIGRATIONS } from './first-archive.ts';
import { SequelizeMessageArchive } from './sequelize-message-archive.ts';

/**
 * Opens the archive's own database with its own key; undefined where there is no key, and nothing is archived. Throws ConfigError where it cannot be opened
 * as it is configured, and where there is an archive but no key: else whoever takes the key away had nothing archived from then on.
 */
export async function openArchive({ database: where, keys }: Config['archive']): Promise<MessageArchive | undefined> {
  if (keys === undefined) {
    if (where.dialect === 'sqlite' && !existsSync(where.path)) return undefined;
    throw new ConfigError(
      'There is an archive, but archive.key is missing. Restore the key from your backup: without it nothing can be archived, and nothing in the archive can be read.',
    );
  }
  return inTermsOfArchive(async () => {
    const { database, close } = await openDatabase(where);
    try {
      await migrate(database, ARCHIVE_MIGRATIONS);
      const cipher = new PhiCipher(keys);
      await openPhiKeys(database, cipher, 'archive.key');
      return new SequelizeMessageArchive(database, cipher, close);
    } catch (error) {
      await close().catch(() => undefined);
      throw error;
    }
  });
}

/** Why a database cannot be opened, said of the archive and its settings. */
export async function inTermsOfArchive<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`The archive: ${error.message.replaceAll('database.', 'archive.')}`, [], { cause: error });
  }
}
