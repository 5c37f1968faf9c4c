import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { ConfigError, PermanentError, RetryableError } from '../../errors.ts';
import { ENGINES } from '../../matrix/crypto/engines.ts';
import { checkMark } from '../../matrix/crypto/start-mark.ts';
import { checkIdentity, fetchIdentity, FOREIGN_KEYS, mayReplaceKeys } from '../../matrix/crypto/store-guard.ts';
import { CryptoStore } from '../../matrix/crypto/store/crypto-store.ts';
import { STORE_FILE } from '../../matrix/crypto/store/store-file.ts';
import { MatrixHttp } from '../../matrix/matrix-http.ts';
import type { UserId } from '../../model/ids.ts';
import { askDatabase } from './ask-database.ts';
import type { Check, Finding } from './check.ts';
import { rememberedStore } from './remembered-store.ts';

const tried = "compare the bot's keys with those on the homeserver";

/** Are the bot's keys on the homeserver the ones it had? */
export const botKeys: Check = {
  title: "compare the bot's keys with the homeserver's",
  needs: ['registration', 'homeserver'],
  async run({ config, registration }) {
    const memory = await rememberedStore(config);
    const http = new MatrixHttp({ url: config.homeserver.url, asToken: registration.asToken, timeoutMs: 10_000 });
    try {
      const bot = `@${config.appservice.bot}:${config.homeserver.domain}` as UserId;
      const server = await fetchIdentity(http, bot, memory?.deviceId ?? '');
      if (memory === undefined) return [await withoutMemory(config, server.master !== undefined)];
      checkIdentity(memory, server, memory.bot);
      await checkStarts(config, http, bot);
      return [{ status: 'ok', tried, result: `the same (device ${memory.deviceId})` }];
    } catch (error) {
      if (error instanceof ConfigError) return [{ status: 'FAIL', tried, result: 'they differ', fix: error.message }];
      if (!(error instanceof RetryableError || error instanceof PermanentError)) throw error;
      return [{ status: 'FAIL', tried, result: error.message, fix: 'fix what is above, then try again' }];
    } finally {
      http.close();
    }
  },
};

/** Throws ConfigError where the store is an old copy. One that does not open is another check's, and one in use was looked at when it was opened. */
async function checkStarts({ encryption }: Config, http: MatrixHttp, bot: UserId): Promise<void> {
  const { engine, passphrase, store: directory } = encryption;
  if (!existsSync(join(directory, STORE_FILE))) return;
  const { outboundSessions } = ENGINES[engine];
  let store: CryptoStore;
  try {
    store = CryptoStore.open({ directory, passphrase, engine, outboundSessions });
  } catch (error) {
    if (error instanceof ConfigError) return;
    throw error;
  }
  try {
    await checkMark(http, bot, store);
  } finally {
    await store.close();
  }
}

/** Where no keys are remembered: will the next start make some, or refuse to? */
async function withoutMemory(config: Config, hasKeys: boolean): Promise<Finding> {
  if (!hasKeys) return { status: 'ok', tried, result: 'it has none yet; the first start makes them' };
  const { database, encryption } = config;
  const mayReplace = await askDatabase(config, ({ settings }) => mayReplaceKeys(settings));
  if (mayReplace === true)
    return { status: 'ok', tried, result: 'to be replaced, after reset-crypto; the next start makes new ones' };
  if (existsSync(join(encryption.store, STORE_FILE)) || (mayReplace === undefined && isThere(database)))
    return { status: 'ok', tried, result: 'not compared: the next start does it' };
  return { status: 'FAIL', tried, result: 'there are some, and none here', fix: FOREIGN_KEYS };
}

/** It cannot be asked, but may remember something. */
function isThere(database: Config['database']): boolean {
  return database.dialect === 'postgres' || existsSync(database.path);
}
