import { Crypto, type CryptoOptions } from './crypto.ts';
import { ENGINES } from './engines.ts';
import { checkStore, checkStoreExists, recallStore } from './store-guard.ts';
import { CryptoStore } from './store/crypto-store.ts';

/**
 * Opens the store, or makes one where there never was one. Nothing is asked of the homeserver before `start`. Throws ConfigError where the store is
 * missing, in use, or not the one that the main database knows.
 */
export async function openCrypto(options: CryptoOptions): Promise<Crypto> {
  const { config, settings, log } = options;
  const { outboundSessions, create } = ENGINES[config.engine];
  const memory = await recallStore(settings);
  checkStoreExists(memory, config.store);
  const store = CryptoStore.open({
    directory: config.store,
    passphrase: config.passphrase,
    engine: config.engine,
    outboundSessions,
  });
  try {
    checkStore(memory, store);
    if (store.droppedSessions !== undefined)
      log.warn('crypto-store.power-lost', { count: store.droppedSessions, detail: 'rooms start new sessions' });
    return new Crypto(options, store, await create(store), memory);
  } catch (error) {
    await store.close();
    throw error;
  }
}
