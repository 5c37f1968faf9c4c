/** IndexedDB for the WebAssembly engine: in memory, and on disk before a transaction says that it is complete. */
import type { GroupCommit, Survives } from './group-commit.ts';
import {
  loadInternals,
  type Internals,
  type RawDatabase,
  type RawObjectStore,
  type RawTransaction,
  type RollbackLog,
} from './fake-indexeddb.ts';
import type { DatabaseImage, RecordChange, RecordKey, RecordTable } from './record-table.ts';

/** Where the databases whose names start with `prefix` are kept. */
export interface IndexedDbHome {
  readonly prefix: string;
  readonly table: RecordTable;
  readonly commits: GroupCommit;
  /** Object stores of which a change need not survive a power loss, because the store's opener drops them after one. */
  readonly expendable: ReadonlySet<string>;
}

let installation: Promise<Installation> | undefined;

/**
 * Keeps databases with the home's prefix in its table from now on, until the answered function is called. The engine finds IndexedDB on
 * `globalThis`, so there is one for the whole process; databases of other names live in memory alone.
 */
export async function addHome(home: IndexedDbHome): Promise<Installation> {
  installation ??= install();
  const installed = await installation;
  installed.homes.set(home.prefix, home);
  return installed;
}

/** What the process has of IndexedDB. */
export interface Installation {
  /** By prefix: a store that is opened again takes the place of its former self. */
  readonly homes: Map<string, IndexedDbHome>;
  /** Frees the memory of a database that nobody uses any more. Its rows stay. */
  unload(name: string): void;
}

async function install(): Promise<Installation> {
  const internals = await loadInternals();
  const homes = new Map<string, IndexedDbHome>();
  const homeOf = new WeakMap<RawDatabase, IndexedDbHome>();
  collectChanges(internals);
  saveBeforeComplete(internals, homeOf);

  const factory = new (class extends internals.Factory {
    override open(name: string, version?: number): unknown {
      const home = homes.values().find(({ prefix }) => name.startsWith(prefix));
      if (home !== undefined && !this._databases.has(name)) {
        const database = build(internals, name, home.table.load(name));
        homeOf.set(database, home);
        this._databases.set(name, database);
      }
      return version === undefined ? super.open(name) : super.open(name, version);
    }
  })();
  const globals = { ...internals.globals, indexedDB: factory };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

  return {
    homes,
    unload(name) {
      const database = factory._databases.get(name);
      if (database !== undefined) homeOf.get(database)?.table.unload(name);
      factory._databases.delete(name);
    },
  };
}

function build({ Database, ObjectStore, Index }: Internals, name: string, image: DatabaseImage): RawDatabase {
  const database = new Database(name, image.version);
  for (const shape of image.stores) {
    const store = new ObjectStore(database, shape.name, shape.keyPath, false);
    for (const { name, keyPath, multiEntry, unique } of shape.indexes) {
      const index = new Index(store, name, keyPath, multiEntry, unique);
      index.initialized = true;
      store.rawIndexes.set(name, index);
    }
    database.rawObjectStores.set(shape.name, store);
  }
  for (const { store, key, value } of image.records)
    database.rawObjectStores.get(store)?.storeRecord({ key, value }, true);
  return database;
}

function imageOf(database: RawDatabase): DatabaseImage {
  const stores = [...database.rawObjectStores.values()];
  if (stores.some(({ autoIncrement }) => autoIncrement))
    throw new Error('The engine uses key generators, which the store does not keep.');
  return {
    version: database.version,
    stores: stores.map(({ name, keyPath, rawIndexes }) => ({
      name,
      keyPath,
      indexes: [...rawIndexes.values()].map(({ name, keyPath, unique, multiEntry }) => ({
        name,
        keyPath,
        unique,
        multiEntry,
      })),
    })),
    records: stores.flatMap(({ name, records }) =>
      [...records.values()].map(({ key, value }) => ({ store: name, key: key as RecordKey, value })),
    ),
  };
}

/** What each transaction has done so far. */
const changesOf = new WeakMap<RollbackLog, RecordChange[]>();

function note(log: RollbackLog, ...changes: RecordChange[]): void {
  const noted = changesOf.get(log);
  if (noted) noted.push(...changes);
  else changesOf.set(log, changes);
}

function collectChanges({ ObjectStore }: Internals): void {
  const { storeRecord, deleteRecord, clear } = ObjectStore.prototype;
  const patched: Pick<RawObjectStore, 'storeRecord' | 'deleteRecord' | 'clear'> = {
    storeRecord(record, noOverwrite, log) {
      const key = storeRecord.call(this, record, noOverwrite, log);
      if (log) note(log, { kind: 'put', store: this.name, key: record.key as RecordKey, value: record.value });
      return key;
    },
    deleteRecord(keyOrRange, log) {
      if (log) {
        for (const { key } of this.records.values(asRange(keyOrRange)))
          note(log, { kind: 'delete', store: this.name, key: key as RecordKey });
      }
      deleteRecord.call(this, keyOrRange, log);
    },
    clear(log) {
      clear.call(this, log);
      if (log) note(log, { kind: 'clear', store: this.name });
    },
  };
  Object.assign(ObjectStore.prototype, patched);
}

function asRange(keyOrRange: unknown): unknown {
  const { IDBKeyRange } = globalThis;
  return keyOrRange instanceof IDBKeyRange ? keyOrRange : IDBKeyRange.only(keyOrRange);
}

function saveBeforeComplete({ Transaction }: Internals, homeOf: WeakMap<RawDatabase, IndexedDbHome>): void {
  const start = Transaction.prototype._start;
  Transaction.prototype._start = function (this: RawTransaction): void {
    const database = this.db._rawDatabase;
    const home = homeOf.get(database);
    const isAtEnd = this._state !== 'finished' && this._requests.every(({ request }) => request.readyState === 'done');
    if (home === undefined || !isAtEnd || this.mode === 'readonly') return start.call(this);

    const isUpgrade = this.mode === 'versionchange';
    const changes = changesOf.get(this._rollbackLog) ?? [];
    if (changes.length === 0 && !isUpgrade) return start.call(this);
    // Nothing may be added any more, and no other transaction on the same object stores starts before this one is finished.
    this._state = 'committing';
    const { table, commits, expendable } = home;
    const survives: Survives =
      !isUpgrade && changes.every(({ store }) => expendable.has(store)) ? 'kill' : 'power-loss';
    const save = isUpgrade
      ? () => table.replace(database.name, imageOf(database))
      : () => table.apply(database.name, changes);
    commits.add(survives, save, (error) => (error ? this._abort('UnknownError') : start.call(this)));
  };
}
