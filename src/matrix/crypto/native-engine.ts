/** The same Rust library as a Node.js add-on: faster, but its binary is downloaded at installation, so it is not everywhere. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { MachineOwner, OlmEngine, OlmMachine } from './olm-engine.ts';
import { NativeMachine, type NativeSdk } from './native-machine.ts';
import type { CryptoStore } from './store/crypto-store.ts';

/** Machines over the library's own SQLite stores, one folder a user beside the store's file. */
export async function createNativeEngine(store: CryptoStore): Promise<OlmEngine> {
  const sdk = await loadNativeSdk();
  if (sdk === undefined) {
    throw new ConfigError(
      'encryption.engine: the native engine is not installed here. Install @matrix-org/matrix-sdk-crypto-nodejs, or set encryption.engine to wasm.',
    );
  }
  return new NativeEngine(store, sdk);
}

/** The add-on, or undefined where it is not installed or its binary was not downloaded. */
export async function loadNativeSdk(): Promise<NativeSdk | undefined> {
  // The name is not a literal, or the types of a package that may be absent would be needed.
  const name = '@matrix-org/matrix-sdk-crypto-nodejs';
  try {
    const module = (await import(name)) as NativeSdk & { default?: NativeSdk };
    return module.default ?? module;
  } catch {
    return undefined;
  }
}

class NativeEngine implements OlmEngine {
  readonly name = 'native';
  readonly #store: CryptoStore;
  readonly #sdk: NativeSdk;

  constructor(store: CryptoStore, sdk: NativeSdk) {
    this.#store = store;
    this.#sdk = sdk;
  }

  async open({ userId, deviceId, number }: MachineOwner): Promise<OlmMachine> {
    const folder = join(this.#store.directory, 'native', String(number));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = Buffer.from(this.#store.keys.derive(`user ${userId}`)).toString('base64');
    const { OlmMachine, UserId, DeviceId } = this.#sdk;
    return new NativeMachine(
      this.#sdk,
      await OlmMachine.initialize(new UserId(userId), new DeviceId(deviceId), folder, key),
    );
  }

  async close(): Promise<void> {}
}
