import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { recallStore, type StoreMemory } from '../../matrix/crypto/store-guard.ts';
import { inspectDatabase } from '../../storage/inspect-database.ts';
import { openStorage } from '../../storage/open-storage.ts';

/** What the database knows of the crypto store; undefined where it knows none, or cannot be asked without changing it. */
export async function rememberedStore(config: Config): Promise<StoreMemory | undefined> {
  if (config.database.dialect === 'sqlite' && !existsSync(config.database.path)) return undefined;
  try {
    const { schemaVersion, programVersion, missingKeyIds } = await inspectDatabase(config);
    // Opening an older database would bring it up to date.
    if (schemaVersion !== programVersion || missingKeyIds.length > 0) return undefined;
    await using storage = await openStorage(config);
    return await recallStore(storage.settings);
  } catch (error) {
    // The check of the database tells.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
