import { openStorage, type Storage } from '../../../src/storage/open-storage.ts';
import type { UnreadableRow } from '../../../src/storage/storage-parts.ts';
import type { StorageBench, StorageConfig } from './storage-bench.ts';

/** The open database of the running test. */
export interface StorageInUse {
  readonly config: StorageConfig;
  readonly storage: Storage;
  /** What could not be decrypted since the test began. */
  readonly unreadable: readonly UnreadableRow[];
  /** Closes the database and opens it again, as a restart does. */
  reopen(): Promise<void>;
  /** Counts rows behind the program's back. */
  count(table: string, where?: string): Promise<number>;
}

/** Gives every test of the surrounding suite an empty, open database. */
export function storageForEach(bench: StorageBench): StorageInUse {
  let config: StorageConfig | undefined;
  let storage: Storage | undefined;
  let unreadable: UnreadableRow[] = [];
  const open = (of: StorageConfig) => openStorage(of, async (row) => void unreadable.push(row));

  beforeEach(async () => {
    config = await bench.emptied(config);
    unreadable = [];
    storage = await open(config);
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
    get unreadable() {
      return unreadable;
    },
    async reopen() {
      await this.storage.close();
      storage = await open(this.config);
    },
    async count(table, where = '1 = 1') {
      return Number((await bench.sql(this.config, `SELECT COUNT(*) FROM ${table} WHERE ${where}`))[0]);
    },
  };
}
