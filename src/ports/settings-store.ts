/** Small facts the process keeps for itself, e.g. the command room's id or the crypto store's fingerprint. No PHI. */
export interface SettingsStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  /** Forgets it; fine where it is not there. */
  remove(key: string): Promise<void>;
}
