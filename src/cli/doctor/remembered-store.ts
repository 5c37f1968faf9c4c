import type { Config } from '../../config/config.ts';
import { recallStore, type StoreMemory } from '../../matrix/crypto/store-guard.ts';
import { askDatabase } from './ask-database.ts';

/** What the database knows of the crypto store; undefined where it knows none, or cannot be asked without changing it. */
export async function rememberedStore(config: Config): Promise<StoreMemory | undefined> {
  return askDatabase(config, ({ settings }) => recallStore(settings));
}
