import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import type { StorageBench, StorageConfig } from './storage-bench.ts';

/** The open database of the running test. */
export interface StorageInUse {
  readonly config: StorageConfig;
  readonly storage: Storage;
  /** Closes the database and opens it again, as a restart does. */
  reopen(): Promise<void>;
  /** Counts rows behind the program's back. */
  count(table: string, where?: string): Promise<number>;
}

/** Gives every test of the surrounding suite an empty, open database. */
export function storageForEach(bench: StorageBench): StorageInUse {
  let config: StorageConfig | undefined;
  let storage: Storage | undefined;

  beforeEach(async () => {
    config = await bench.emptied(config);
    storage = await openStorage(config);
  });
  afterEach(() => storage?.close());

  return {
    get config() {
      if (config === undefined) throw new Error('no test runs');
      return config;
    },
    get storage() {
      if (storage === undefined) throw new Error('no test runs');
      return storage;
    },
    async reopen() {
      await this.storage.close();
      storage = await openStorage(this.config);
    },
    async count(table, where = '1 = 1') {
      return Number((await bench.sql(this.config, `SELECT COUNT(*) FROM ${table} WHERE ${where}`))[0]);
    },
  };
}
