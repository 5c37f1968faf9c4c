import { ConfigError, PermanentError } from '../../errors.ts';
import { newOpaqueId, type UserId } from '../../model/ids.ts';
import { clientPath } from '../homeserver.ts';
import { statusOf } from '../matrix-fault.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { RESET } from './store-guard.ts';
import type { CryptoStore } from './store/crypto-store.ts';

/** Account data of the bot: `store`, the store's id, and `mark`, that of its newest start. */
const TYPE = 'org.carebridge.crypto_store';

/** Marks this start, in the store and then at the homeserver. Throws ConfigError as `checkMark` does. */
export async function markStart(http: MatrixHttp, bot: UserId, store: CryptoStore): Promise<void> {
  const known = await checkMark(http, bot, store);
  const mark = newOpaqueId(10);
  // Known here before it is known there: a process that dies in between is no old copy.
  await store.addStart(mark, known);
  const body = { store: store.id, mark };
  await http.call('mark the start of the crypto store', { method: 'PUT', path: pathOf(bot), as: bot, body });
}

/**
 * Returns the mark that the homeserver has; undefined where it has none of this store. Throws ConfigError where the homeserver has the mark of a start that this store does not know: an old copy was put back (L3). The database's memory of
 * the store (`StoreMemory`) does not tell where it was put back from the same backup.
 */
export async function checkMark(http: MatrixHttp, bot: UserId, store: CryptoStore): Promise<string | undefined> {
  const newest = await read(http, bot);
  if (newest['store'] !== store.id) return undefined;
  const mark = String(newest['mark']);
  if (store.starts.includes(mark)) return mark;
  throw new ConfigError(
    `encryption.store: ${store.directory} holds an old copy of the crypto store, which was used since. With it, keys would be used twice. ${RESET}`,
  );
}

async function read(http: MatrixHttp, bot: UserId): Promise<Record<string, unknown>> {
  try {
    return await http.call('read the mark of the crypto store', { method: 'GET', path: pathOf(bot), as: bot });
  } catch (error) {
    if (error instanceof PermanentError && statusOf(error) === 404) return {};
    throw error;
  }
}

function pathOf(bot: UserId): string {
  return clientPath`/_matrix/client/v3/user/${bot}/account_data/${TYPE}`;
}
