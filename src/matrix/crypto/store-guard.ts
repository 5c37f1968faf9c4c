/** Keeps the bridge from running with keys that are not the ones it had (L3). Nothing is ever re-keyed silently. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { SettingsStore } from '../../ports/settings-store.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import type { DeviceKeys, OlmRequest } from './olm-engine.ts';
import type { CryptoStore } from './store/crypto-store.ts';
import { STORE_FILE } from './store/store-file.ts';

/** What the main database remembers of the crypto store. */
export interface StoreMemory {
  readonly storeId: string;
  readonly engine: string;
  readonly deviceId: string;
  /** See `CryptoStore.generation`. */
  readonly generation: number;
  /** The bot's public keys. */
  readonly bot: BotIdentity;
}

/** Public keys, unpadded base64. */
export interface BotIdentity extends DeviceKeys {
  readonly master: string;
}

/** Setting: the `StoreMemory`, JSON. Empty after a reset. */
const MEMORY = 'crypto.store';
/** Setting: `yes` after a reset, until the new keys are published. */
const MAY_REPLACE = 'crypto.may-replace-keys';

/** What to do where the keys are not right. No backup helps: an old copy would use keys twice. */
export const RESET =
  'If the crypto store that was used last is elsewhere, put it back. Otherwise run `carebridge reset-crypto`: staff keep ' +
  'their rooms, but earlier messages the bridge has not yet read are lost.';

/** Why a new store is not begun with. */
export const FOREIGN_KEYS = `encryption.store: the bot already has encryption keys on the homeserver, and they are not in this crypto store. ${RESET}`;

/** What is remembered, or undefined at the first start and after a reset. */
export async function recallStore(settings: SettingsStore): Promise<StoreMemory | undefined> {
  const text = await settings.get(MEMORY);
  return text ? (JSON.parse(text) as StoreMemory) : undefined;
}

/** Remembers the store as it is. */
export async function rememberStore(settings: SettingsStore, memory: StoreMemory): Promise<void> {
  await settings.set(MEMORY, JSON.stringify(memory));
}

/** Forgets the store, and allows the next one to replace what is on the homeserver. */
export async function forgetStore(settings: SettingsStore): Promise<void> {
  await settings.set(MAY_REPLACE, 'yes');
  await settings.set(MEMORY, '');
}

/** Before the store is opened: throws ConfigError where one is remembered that is not there, so that none is made in its place. */
export function checkStoreExists(memory: StoreMemory | undefined, directory: string): void {
  const path = join(directory, STORE_FILE);
  if (memory && !existsSync(path))
    throw new ConfigError(`encryption.store: ${path} is gone, and with it the keys that the bridge had. ${RESET}`);
}

/** After it was opened: throws ConfigError where it is not the remembered one, or older than it was. */
export function checkStore(memory: StoreMemory | undefined, store: CryptoStore): void {
  if (memory === undefined) return;
  if (memory.storeId !== store.id)
    throw new ConfigError(
      `encryption.store: ${store.directory} holds another crypto store than the one the database knows. ${RESET}`,
    );
  if (store.generation < memory.generation) {
    throw new ConfigError(
      `encryption.store: the crypto store is older than it was (${store.generation} changes, ${memory.generation} were known): an old copy was put back. ` +
        `With it, keys would be used twice. ${RESET}`,
    );
  }
}

/** The bot's identity, from its device keys and the requests that publish its cross-signing identity. */
export function identityOf(deviceKeys: DeviceKeys, requests: readonly OlmRequest[]): BotIdentity {
  const body = requests.find(({ kind }) => kind === 'signing-keys-upload')?.body ?? '{}';
  const { master_key: key } = JSON.parse(body) as { master_key?: { keys?: Record<string, string> } };
  return { ...deviceKeys, master: Object.values(key?.keys ?? {})[0] ?? '' };
}

/** What the homeserver says are the bot's public keys; parts that it does not have are undefined. */
export async function fetchIdentity(http: MatrixHttp, bot: UserId, deviceId: string): Promise<Partial<BotIdentity>> {
  const answer = (await http.call("read the bot's keys", {
    method: 'POST',
    path: '/_matrix/client/v3/keys/query',
    as: bot,
    body: { device_keys: { [bot]: [] } },
  })) as {
    device_keys?: Record<string, Record<string, { keys?: Record<string, string> }>>;
    master_keys?: Record<string, { keys?: Record<string, string> }>;
  };
  const device = answer.device_keys?.[bot]?.[deviceId]?.keys ?? {};
  const ed25519 = device[`ed25519:${deviceId}`];
  const curve25519 = device[`curve25519:${deviceId}`];
  const master = Object.values(answer.master_keys?.[bot]?.keys ?? {})[0];
  return { ...(ed25519 && { ed25519 }), ...(curve25519 && { curve25519 }), ...(master && { master }) };
}

/** Before a new store's identity is published: throws ConfigError where the bot has another one, and nobody said to replace it. */
export async function checkMayPublish(
  settings: SettingsStore,
  server: Partial<BotIdentity>,
  ours: BotIdentity,
): Promise<void> {
  if (server.master === undefined || server.master === ours.master) return;
  if (await mayReplaceKeys(settings)) return;
  throw new ConfigError(FOREIGN_KEYS);
}

/** Whether somebody said, by a reset, that the bot's keys on the homeserver may be replaced. */
export async function mayReplaceKeys(settings: Pick<SettingsStore, 'get'>): Promise<boolean> {
  return (await settings.get(MAY_REPLACE)) === 'yes';
}

/** The new keys are published; from now on they are the only ones. */
export async function publishedKeys(settings: SettingsStore): Promise<void> {
  if (await mayReplaceKeys(settings)) await settings.set(MAY_REPLACE, '');
}

/** Throws ConfigError where the bot's keys are not those remembered, or not those on the homeserver. */
export function checkIdentity(memory: StoreMemory | undefined, server: Partial<BotIdentity>, ours: BotIdentity): void {
  if (memory && !isSame(memory.bot, ours))
    throw new ConfigError(
      `encryption.store: the crypto store holds other keys of the bot than the database knows. ${RESET}`,
    );
  if (server.ed25519 === undefined) {
    throw new ConfigError(
      `The bot's device is gone from the homeserver: somebody deleted it, or the homeserver was restored from an old backup. ${RESET}`,
    );
  }
  if (!isSame(server, ours))
    throw new ConfigError(
      `The bot's keys on the homeserver are not those of the crypto store: something else used the bot's account. ${RESET}`,
    );
}

function isSame(left: Partial<BotIdentity>, right: BotIdentity): boolean {
  return left.ed25519 === right.ed25519 && left.curve25519 === right.curve25519 && left.master === right.master;
}
