/** The crypto store's SQLite file: opened by one process at a time, readable by its owner alone. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../../errors.ts';

/** Name of the file in the store's folder. */
export const STORE_FILE = 'crypto.db';

/** A newer program's file is refused, not guessed at. */
const FORMAT = 1;

/** SQLite's result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const SCHEMA = `
  -- Facts about the store itself: id, engine, salt, since token, ...
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
  -- Our users that have keys. step: how far the provisioning came. seen: up to which device_changes.seq its machine was told.
  CREATE TABLE IF NOT EXISTS users (number INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, step TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
  -- The newest change of each user's devices that the bot's sync reported.
  CREATE TABLE IF NOT EXISTS device_changes (user_id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- When each outbound Megolm session was made, Unix ms; and attempts that may have made one, see SessionAges.
  CREATE TABLE IF NOT EXISTS outbound_sessions (session_id TEXT PRIMARY KEY, made_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS outbound_sessions_made_at ON outbound_sessions (made_at);
  -- Hash of (session, message index) -> hash of the event that it was first seen in: a second event with the same is a replay.
  CREATE TABLE IF NOT EXISTS decrypted (message BLOB PRIMARY KEY, event BLOB NOT NULL) STRICT, WITHOUT ROWID;
  -- The engine's IndexedDB databases: their shape, and their records as the engine encrypted them.
  CREATE TABLE IF NOT EXISTS databases (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, stores TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS records (
    database INTEGER NOT NULL REFERENCES databases (id), store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    UNIQUE (database, store, key)
  ) STRICT;
`;

/** Opens or creates the file. Throws ConfigError where another process has it, or where it is not a crypto store. */
export function openStoreFile(directory: string): { database: DatabaseSync; logPath: string } {
  const path = join(directory, STORE_FILE);
  createOnce(directory, path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // EXCLUSIVE before WAL: the lock is then held for good, and no shared-memory file is needed.
    database.exec(
      'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF',
    );
    database.exec('BEGIN IMMEDIATE');
    checkFormat(database, path);
    database.exec(`${SCHEMA} PRAGMA user_version=${FORMAT}; COMMIT`);
    return { database, logPath: `${path}-wal` };
  } catch (error) {
    database.close();
    throw explain(error, path);
  }
}

/** True where a fault of `openStoreFile` means that another process has the store. */
export function isStoreInUse(error: unknown): boolean {
  return error instanceof ConfigError && codeOf(error.cause) === SQLITE_BUSY;
}

/** What the kernel is called since it was started, or undefined where the platform does not say. */
export function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * Never opens a file that exists: closing a second descriptor of it would release SQLite's POSIX locks within this process
 * (sqlite.org/howtocorrupt.html, section 2.2).
 */
function createOnce(directory: string, path: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'wx', 0o600));
    const folder = openSync(directory, 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ConfigError(`encryption.store: ${path} cannot be created. Check the folder and its permissions.`, [], {
        cause: error,
      });
    }
    chmodSync(path, 0o600);
  }
}

function checkFormat(database: DatabaseSync, path: string): void {
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (format > FORMAT) {
    throw new ConfigError(
      `encryption.store: ${path} was written by a newer Carebridge (format ${format}, this one knows ${FORMAT}). Install that version again.`,
    );
  }
}

function explain(error: unknown, path: string): ConfigError {
  if (error instanceof ConfigError) return error;
  const code = codeOf(error);
  const cause = { cause: error };
  if (code === SQLITE_BUSY)
    return new ConfigError(
      `encryption.store: another Carebridge is running on this store (${path}). Stop it first.`,
      [],
      cause,
    );
  if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) {
    return new ConfigError(
      `encryption.store: ${path} is damaged or no crypto store. Restore it from a backup together with the database, or run \`carebridge reset-crypto\`.`,
      [],
      cause,
    );
  }
  return new ConfigError(`encryption.store: ${path} cannot be opened. Check its permissions and the disk.`, [], cause);
}

/** The primary result code: the lower byte of the extended one. */
function codeOf(error: unknown): number {
  return ((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;
}
