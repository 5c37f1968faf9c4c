/**
 * fake-indexeddb 6.2.8 from the inside: what the store needs of it beyond the public IndexedDB interface. The version is pinned in package.json;
 * `checkInternals` refuses one that is built differently instead of losing writes.
 */
import { PermanentError } from '../../../errors.ts';

/** A database in memory. */
export interface RawDatabase {
  readonly name: string;
  version: number;
  readonly rawObjectStores: Map<string, RawObjectStore>;
}

export interface RawObjectStore {
  readonly name: string;
  readonly keyPath: string | string[] | null;
  readonly autoIncrement: boolean;
  readonly rawIndexes: Map<string, RawIndex>;
  readonly records: { values(range?: unknown): Iterable<RawRecord> };
  /** `log` collects how to undo it; without one the call belongs to a rollback, or to loading. */
  storeRecord: (this: RawObjectStore, record: RawRecord, noOverwrite: boolean, log?: RollbackLog) => unknown;
  deleteRecord: (this: RawObjectStore, keyOrRange: unknown, log?: RollbackLog) => void;
  clear: (this: RawObjectStore, log?: RollbackLog) => void;
}

export interface RawRecord {
  key: unknown;
  value: unknown;
}

export interface RawIndex {
  readonly name: string;
  readonly keyPath: string | string[];
  readonly multiEntry: boolean;
  readonly unique: boolean;
  initialized: boolean;
}

/** One array for each transaction, so it stands for the transaction too. */
export type RollbackLog = (() => void)[];

export interface RawTransaction {
  readonly db: { readonly _rawDatabase: RawDatabase };
  readonly mode: string;
  readonly _rollbackLog: RollbackLog;
  readonly _requests: readonly { readonly request: { readonly readyState: string } }[];
  _state: string;
  /** Runs the next request; without any left, finishes the transaction and fires `complete`. */
  _start: (this: RawTransaction) => void;
  _abort: (this: RawTransaction, errorName: string) => void;
}

/** The factory behind `indexedDB`. */
export interface RawFactory {
  readonly _databases: Map<string, RawDatabase>;
  open(name: string, version?: number): unknown;
}

type Constructor<T, Arguments extends unknown[]> = { new (...args: Arguments): T; readonly prototype: T };

/** The classes. */
export interface Internals {
  readonly Database: Constructor<RawDatabase, [name: string, version: number]>;
  readonly ObjectStore: Constructor<
    RawObjectStore,
    [database: RawDatabase, name: string, keyPath: string | string[] | null, autoIncrement: boolean]
  >;
  readonly Index: Constructor<
    RawIndex,
    [store: RawObjectStore, name: string, keyPath: string | string[], multiEntry: boolean, unique: boolean]
  >;
  readonly Transaction: Constructor<RawTransaction, never[]>;
  readonly Factory: Constructor<RawFactory, []>;
  /** The public names, `IDBDatabase` and so on, as they must be found on `globalThis`. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Loads the classes. The package does not export the first three, hence the address beside one that it does. */
export async function loadInternals(): Promise<Internals> {
  const beside = import.meta.resolve('fake-indexeddb/lib/FDBFactory');
  const load = async (file: string): Promise<unknown> =>
    ((await import(new URL(file, beside).href)) as { default: unknown }).default;
  const [Database, ObjectStore, Index, Transaction, Factory] = await Promise.all([
    load('lib/Database.js'),
    load('lib/ObjectStore.js'),
    load('lib/Index.js'),
    load('FDBTransaction.js'),
    load('FDBFactory.js'),
  ]);
  const names = [
    'Cursor',
    'CursorWithValue',
    'Database',
    'Factory',
    'Index',
    'KeyRange',
    'ObjectStore',
    'OpenDBRequest',
    'Request',
    'Transaction',
  ];
  const classes = await Promise.all(
    [...names, 'VersionChangeEvent'].map(async (name) => [`IDB${name}`, await load(`FDB${name}.js`)]),
  );
  const internals = {
    Database,
    ObjectStore,
    Index,
    Transaction,
    Factory,
    globals: Object.fromEntries(classes) as Record<string, unknown>,
  };
  checkInternals(internals as Internals);
  return internals as Internals;
}

function checkInternals({ Database, ObjectStore, Index, Transaction, Factory }: Internals): void {
  const database = new Database('check', 1);
  const store = new ObjectStore(database, 'store', null, false);
  const index = new Index(store, 'index', 'path', false, true);
  const facts = [
    database.name === 'check' && database.version === 1 && database.rawObjectStores instanceof Map,
    store.name === 'store' &&
      store.keyPath === null &&
      store.autoIncrement === false &&
      store.rawIndexes instanceof Map,
    index.name === 'index' && index.keyPath === 'path' && index.unique && !index.multiEntry && !index.initialized,
    [store.storeRecord, store.deleteRecord, store.clear].every((method) => typeof method === 'function'),
    [Transaction.prototype._start, Transaction.prototype._abort].every((method) => typeof method === 'function'),
    new Factory()._databases instanceof Map,
  ];
  if (!facts.every(Boolean))
    throw new PermanentError('This version of fake-indexeddb is not known. Install the pinned one.');
}
