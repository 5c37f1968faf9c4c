import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { UserId } from '../../model/ids.ts';
import type { SettingsStore } from '../../ports/settings-store.ts';
import { clientPath } from '../homeserver.ts';
import { errcodeOf, statusOf } from '../matrix-fault.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { deviceIdOf } from './crypto.ts';
import { ENGINES } from './engines.ts';
import { CryptoStore, deleteCryptoStore } from './store/crypto-store.ts';
import { isStoreInUse, STORE_FILE } from './store/store-file.ts';
import { forgetStore, recallStore } from './store-guard.ts';

export interface ResetCryptoOptions {
  readonly config: Config['encryption'];
  readonly http: MatrixHttp;
  readonly settings: SettingsStore;
  readonly bot: UserId;
  /** Ghosts that may have a device, for when the store cannot say. */
  readonly ghosts?: Iterable<UserId>;
}

/**
 * Ends the bridge's keys, so that the next start makes new ones: deletes its devices on the homeserver, then the store. Only while the bridge is
 * stopped; only when an administrator asked. Safe to repeat. Returns how many devices were deleted. Throws ConfigError where the bridge is running.
 */
export async function resetCrypto(options: ResetCryptoOptions): Promise<number> {
  const { config, http, settings, bot, ghosts = [] } = options;
  const memory = await recallStore(settings);
  const store = await readStore(config);
  const users = new Set([bot, ...ghosts, ...(store?.users ?? [])]);
  const devices = new Set([memory?.deviceId, store?.deviceId].filter((id) => id !== undefined));
  let deleted = 0;
  for (const user of users) {
    for (const device of devices) if (await deleteDevice(http, user, device)) deleted++;
  }
  // Remembered as forgotten first: ended in between, the next call or start finds a store that may be replaced.
  await forgetStore(settings);
  deleteCryptoStore(config.store);
  return deleted;
}

async function readStore(config: Config['encryption']): Promise<{ users: UserId[]; deviceId: string } | undefined> {
  // Opening would make one.
  if (!existsSync(join(config.store, STORE_FILE))) return undefined;
  const { outboundSessions } = ENGINES[config.engine];
  try {
    const store = CryptoStore.open({
      directory: config.store,
      passphrase: config.passphrase,
      engine: config.engine,
      outboundSessions,
    });
    const found = { users: store.users.all(), deviceId: deviceIdOf(store.id) };
    await store.close();
    return found;
  } catch (error) {
    // In use: nothing may be deleted under a running bridge. Anything else is what the reset is for.
    if (isStoreInUse(error)) throw error;
    return undefined;
  }
}

async function deleteDevice(http: MatrixHttp, as: UserId, deviceId: string): Promise<boolean> {
  const path = clientPath`/_matrix/client/v3/devices/${deviceId}`;
  try {
    // Synapse says that it deleted one which never was.
    await http.call('look up a device', { method: 'GET', path, as });
    await http.call('delete a device', { method: 'DELETE', path, as, body: {} });
    return true;
  } catch (error) {
    // Neither a device nor a user that is not there needs deleting.
    if (statusOf(error) === 404 || errcodeOf(error) === 'M_FORBIDDEN' || errcodeOf(error) === 'M_EXCLUSIVE')
      return false;
    throw error;
  }
}
