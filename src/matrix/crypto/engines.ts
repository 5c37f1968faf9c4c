import type { CryptoStore } from './store/crypto-store.ts';
import { createNativeEngine } from './native-engine.ts';
import type { OlmEngine } from './olm-engine.ts';
import { createWasmEngine, WASM_OUTBOUND_SESSIONS } from './wasm-engine.ts';

/** How an engine is made, and what the store must know of it. */
export interface EngineEntry {
  /** Object stores with outbound Megolm sessions, see `CryptoStore`. */
  readonly outboundSessions: readonly string[];
  /** Throws ConfigError where the engine is not installed. */
  readonly create: (store: CryptoStore) => Promise<OlmEngine>;
}

/** Every engine, by its name in `encryption.engine`. */
export const ENGINES: Readonly<Record<'wasm' | 'native', EngineEntry>> = {
  wasm: { outboundSessions: WASM_OUTBOUND_SESSIONS, create: createWasmEngine },
  native: { outboundSessions: [], create: createNativeEngine },
};
