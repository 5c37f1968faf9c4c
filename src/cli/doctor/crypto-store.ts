import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { ENGINES } from '../../matrix/crypto/engines.ts';
import { checkStore, checkStoreExists } from '../../matrix/crypto/store-guard.ts';
import { CryptoStore } from '../../matrix/crypto/store/crypto-store.ts';
import { isStoreInUse, STORE_FILE } from '../../matrix/crypto/store/store-file.ts';
import type { Check } from './check.ts';
import { rememberedStore } from './remembered-store.ts';

/** Does the crypto store open with our passphrase and engine, and is it the one that the database knows? */
export const cryptoStore: Check = {
  title: 'open the crypto store',
  needs: [],
  async run({ config }) {
    const tried = `open the crypto store ${config.encryption.store}`;
    try {
      return [{ status: 'ok', tried, result: await look(config) }];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (isStoreInUse(error)) {
        return [
          { status: 'ok', tried, result: 'the running Carebridge has it open, and looked at it when it started' },
        ];
      }
      return [{ status: 'FAIL', tried, result: 'it cannot be used', fix: error.message }];
    }
  },
};

async function look(config: Config): Promise<string> {
  const { engine, passphrase, store: directory } = config.encryption;
  const memory = await rememberedStore(config);
  checkStoreExists(memory, directory);
  if (!existsSync(join(directory, STORE_FILE))) return 'it is not there yet; the first start makes it';
  const { outboundSessions } = ENGINES[engine];
  const store = CryptoStore.open({ directory, passphrase, engine, outboundSessions });
  try {
    checkStore(memory, store);
  } finally {
    await store.close();
  }
  return `engine ${engine}; passphrase right; ${memory ? 'the one that the database knows' : 'the database knows of none yet'}`;
}
