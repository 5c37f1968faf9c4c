/** The engine of Element Web: matrix-rust-sdk's crypto compiled to WebAssembly. */
import * as sdk from '@matrix-org/matrix-sdk-crypto-wasm';
import { RetryableError } from '../../errors.ts';
import type { MachineOwner, OlmEngine, OlmMachine } from './olm-engine.ts';
import type { CryptoStore } from './store/crypto-store.ts';
import { addHome, type IndexedDbHome, type Installation } from './store/indexed-db.ts';
import { WasmMachine } from './wasm-machine.ts';

/** Where the library keeps outbound Megolm sessions. A test looks whether that is still so. */
export const WASM_OUTBOUND_SESSIONS: readonly string[] = ['outbound_group_sessions'];

/** The two databases that the library makes for each store. */
const DATABASES = ['matrix-sdk-crypto-meta', 'matrix-sdk-crypto'];

/** Far more than any call needs. ms. */
const STUCK_MS = 30_000;

/** Machines over an IndexedDB that is kept in the store's file. */
export async function createWasmEngine(store: CryptoStore): Promise<OlmEngine> {
  await sdk.initAsync();
  // The library may log room ids and what it could not parse; nothing of that belongs into our log.
  if (sdk.Tracing.isAvailable()) new sdk.Tracing(sdk.LoggerLevel.Error).turnOff();
  const prefix = `carebridge-${store.id}-`;
  const home = { prefix, table: store.records, commits: store.commits, expendable: new Set(WASM_OUTBOUND_SESSIONS) };
  return new WasmEngine(store, home, await addHome(home));
}

class WasmEngine implements OlmEngine {
  readonly name = 'wasm';
  readonly #store: CryptoStore;
  readonly #home: IndexedDbHome;
  readonly #indexedDb: Installation;

  constructor(store: CryptoStore, home: IndexedDbHome, indexedDb: Installation) {
    this.#store = store;
    this.#home = home;
    this.#indexedDb = indexedDb;
  }

  async open({ userId, deviceId, number }: MachineOwner): Promise<OlmMachine> {
    const name = this.#home.prefix + number;
    const key = this.#store.keys.derive(`user ${userId}`);
    const machine = await guard(async () => {
      const handle = await sdk.StoreHandle.openWithKey(name, key);
      return await sdk.OlmMachine.initFromStore(new sdk.UserId(userId), new sdk.DeviceId(deviceId), handle);
    });
    // Nothing asks other devices for keys, so nothing answers either.
    machine.roomKeyRequestsEnabled = false;
    machine.roomKeyForwardingEnabled = false;
    return new WasmMachine(machine, guard, {
      failures: () => this.#store.commits.failures,
      unload: () => DATABASES.forEach((part) => this.#indexedDb.unload(`${name}::${part}`)),
    });
  }

  async close(): Promise<void> {
    const { homes } = this.#indexedDb;
    if (homes.get(this.#home.prefix) === this.#home) homes.delete(this.#home.prefix);
  }
}

/**
 * Runs a call of the library. A panic in Rust does not reject the promise: it surfaces as an uncaught error, which ends the process, and the
 * promise stays pending. Should somebody catch that error, the caller must not hang with its lock held.
 */
async function guard<T>(call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RetryableError('The encryption engine does not answer. Restart Carebridge.')),
      STUCK_MS,
    );
  });
  try {
    return await Promise.race([call(), stuck]);
  } catch (cause) {
    if (cause instanceof RetryableError || cause instanceof sdk.MegolmDecryptionError) throw cause;
    throw new RetryableError('The encryption engine failed.', { cause });
  } finally {
    clearTimeout(timer);
  }
}
