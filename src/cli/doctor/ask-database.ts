import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { inspectDatabase } from '../../storage/inspect-database.ts';
import { openStorage, type Storage } from '../../storage/open-storage.ts';

/** Asks the bridge's database something; undefined where it cannot be asked without changing it. */
export async function askDatabase<T>(config: Config, ask: (storage: Storage) => Promise<T>): Promise<T | undefined> {
  if (config.database.dialect === 'sqlite' && !existsSync(config.database.path)) return undefined;
  try {
    const { schemaVersion, programVersion, missingKeyIds } = await inspectDatabase(config);
    // Opening an older database would bring it up to date.
    if (schemaVersion !== programVersion || missingKeyIds.length > 0) return undefined;
    await using storage = await openStorage(config);
    return await ask(storage);
  } catch (error) {
    // The check of the database tells.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
