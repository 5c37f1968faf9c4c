/** The engine's IndexedDB databases as rows of SQLite. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';

/** An object store without its records (Indexed Database API 3.0, section 2.4). */
export interface StoreShape {
  readonly name: string;
  readonly keyPath: string | string[] | null;
  readonly indexes: readonly IndexShape[];
}

export interface IndexShape {
  readonly name: string;
  readonly keyPath: string | string[];
  readonly unique: boolean;
  readonly multiEntry: boolean;
}

export interface StoredRecord {
  readonly store: string;
  readonly key: RecordKey;
  readonly value: unknown;
}

/** A whole database, as it is loaded. `version` is 0 for one that does not exist yet. */
export interface DatabaseImage {
  readonly version: number;
  readonly stores: readonly StoreShape[];
  readonly records: readonly StoredRecord[];
}

/** The kinds of keys that the engine uses. Dates and binary keys are refused. */
export type RecordKey = string | number | RecordKey[];

/** One step of what a transaction did. */
export type RecordChange =
  | { readonly kind: 'put'; readonly store: string; readonly key: RecordKey; readonly value: unknown }
  | { readonly kind: 'delete'; readonly store: string; readonly key: RecordKey }
  | { readonly kind: 'clear'; readonly store: string };

/** Reads and writes databases by name. Every writing method belongs inside a transaction. */
export class RecordTable {
  readonly #find: StatementSync;
  readonly #load: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #clear: StatementSync;
  readonly #setShape: StatementSync;
  readonly #removeAll: StatementSync;
  readonly #dropEverywhere: StatementSync;
  readonly #ids = new Map<string, number>();

  constructor(database: DatabaseSync) {
    const prepare = (sql: string): StatementSync => database.prepare(sql);
    this.#find = prepare('SELECT id, version, stores FROM databases WHERE name = ?');
    this.#load = prepare('SELECT store, key, value FROM records WHERE database = ?');
    this.#put = prepare(
      'INSERT INTO records (database, store, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.#delete = prepare('DELETE FROM records WHERE database = ? AND store = ? AND key = ?');
    this.#clear = prepare('DELETE FROM records WHERE database = ? AND store = ?');
    this.#removeAll = prepare('DELETE FROM records WHERE database = ?');
    this.#setShape = prepare(
      `INSERT INTO databases (name, version, stores) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET version = excluded.version, stores = excluded.stores RETURNING id`,
    );
    this.#dropEverywhere = prepare('DELETE FROM records WHERE store = ?');
  }

  load(name: string): DatabaseImage {
    const row = this.#find.get(name) as { id: number; version: number; stores: string } | undefined;
    if (row === undefined) return { version: 0, stores: [], records: [] };
    this.#ids.set(name, row.id);
    const rows = this.#load.all(row.id) as { store: string; key: string; value: Uint8Array }[];
    return {
      version: row.version,
      stores: JSON.parse(row.stores) as StoreShape[],
      records: rows.map(({ store, key, value }) => ({
        store,
        key: JSON.parse(key) as RecordKey,
        value: deserialize(value) as unknown,
      })),
    };
  }

  /** Applies what a transaction did, in its order. */
  apply(name: string, changes: readonly RecordChange[]): void {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error('The database has no shape yet.');
    for (const change of changes) {
      if (change.kind === 'put') this.#put.run(id, change.store, encodeKey(change.key), serialize(change.value));
      else if (change.kind === 'delete') this.#delete.run(id, change.store, encodeKey(change.key));
      else this.#clear.run(id, change.store);
    }
  }

  /** Replaces the whole database: after an upgrade, which is rare and may have touched anything. */
  replace(name: string, image: DatabaseImage): void {
    const { id } = this.#setShape.get(name, image.version, JSON.stringify(image.stores)) as { id: number };
    this.#ids.set(name, id);
    this.#removeAll.run(id);
    for (const { store, key, value } of image.records) this.#put.run(id, store, encodeKey(key), serialize(value));
  }

  /** Deletes all records of the object stores of this name, in every database. Only while none is loaded. Returns how many. */
  clearEverywhere(store: string): number {
    return Number(this.#dropEverywhere.run(store).changes);
  }

  /** Forgets what is only needed while the database is loaded. */
  unload(name: string): void {
    this.#ids.delete(name);
  }
}

/** JSON, since it has one form for each key: the serialisation of strings depends on how the engine happened to hold them. */
function encodeKey(key: RecordKey): string {
  if (!isPlain(key)) throw new Error('The engine uses a kind of key that the store does not know.');
  return JSON.stringify(key);
}

function isPlain(key: unknown): boolean {
  return (
    typeof key === 'string' ||
    (typeof key === 'number' && Number.isFinite(key)) ||
    (Array.isArray(key) && key.every(isPlain))
  );
}
