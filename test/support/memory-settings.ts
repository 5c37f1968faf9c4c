import type { SettingsStore } from '../../src/ports/settings-store.ts';

/** Settings in memory. */
export class MemorySettings implements SettingsStore {
  readonly values = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async set(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }

  async remove(key: string): Promise<void> {
    this.values.delete(key);
  }
}
