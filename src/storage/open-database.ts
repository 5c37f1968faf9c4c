import { access, chmod, constants, copyFile, link, mkdir, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sequelize } from 'sequelize';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import { newOpaqueId } from '../model/ids.ts';
import { Database } from './database.ts';
import { PostgresWriter } from './postgres-writer.ts';
import { createSqliteModule } from './sqlite-module.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import { driverError } from './storage-fault.ts';

/** A database that can be reached, before its schema is looked at. */
export interface OpenDatabase {
  readonly database: Database;
  /** SQLite: moves the write-ahead log into the file and empties it, so that wiped bytes are gone from both. */
  readonly checkpoint: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** SQL is never logged, since it carries parameters. A busy file is waited for by SQLite itself. */
const QUIET = { logging: false, benchmark: false, retry: { max: 1 } } as const;

/** Opens the configured database. Throws ConfigError where it cannot be opened as it is configured. */
export async function openDatabase(config: Config['database']): Promise<OpenDatabase> {
  const opened = config.dialect === 'sqlite' ? await openSqlite(config.path) : openPostgres(config.url);
  try {
    await opened.database.sequelize.authenticate();
    if (config.dialect === 'sqlite') await setUpFile(opened.database);
  } catch (error) {
    await opened.close().catch(() => undefined);
    throw cannotOpen(error);
  }
  return {
    ...opened,
    async close() {
      await opened.checkpoint().catch(() => undefined);
      await opened.database.stopWriting();
      await opened.close();
    },
  };
}

async function openSqlite(path: string): Promise<OpenDatabase> {
  await makePrivateFile(path);
  const { module, drain } = createSqliteModule();
  const sequelize = new Sequelize({ ...QUIET, dialect: 'sqlite', storage: path, dialectModule: module });
  const database = new Database(sequelize, 'sqlite', ({ inTransaction }) => new SqliteWriter(inTransaction));
  const truncateLog = async () => void (await database.select(null, 'PRAGMA wal_checkpoint(TRUNCATE)'));
  return {
    database,
    checkpoint: () => database.alone(truncateLog),
    async close() {
      await drain();
      await database.close();
    },
  };
}

/** An empty file that only we can read, and its folder, unless they are there. Throws ConfigError. */
export async function makePrivateFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await createPrivateFile(path);
  } catch (error) {
    throw cannotOpen(error);
  }
}

/**
 * Makes an empty file that only we can read, unless there is one; SQLite gives its write-ahead log the same mode. The file gets its name when it is
 * closed: closing a file gives up all locks that the process has on it, those of SQLite too.
 */
async function createPrivateFile(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return chmod(path, 0o600);
  const temporary = `${path}.${newOpaqueId(8)}`;
  await writeFile(temporary, '', { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // A file system without hard links.
    await copyFile(temporary, path, constants.COPYFILE_EXCL);
    await chmod(path, 0o600);
  } finally {
    await unlink(temporary);
  }
}

function openPostgres(url: string): OpenDatabase {
  const sequelize = new Sequelize(url, {
    ...QUIET,
    dialect: 'postgres',
    pool: { max: 10, acquire: 30_000 },
    // Committed means on the disk, whatever the server's default is.
    dialectOptions: { application_name: 'carebridge', keepAlive: true, options: '-c synchronous_commit=on' },
  });
  const database = new Database(sequelize, 'postgres', ({ inTransaction }) => new PostgresWriter(inTransaction));
  return {
    database,
    checkpoint: async () => undefined,
    close: () => database.close(),
  };
}

/** Tells our files from those of others, for `file` and for us: "CBRG". */
const APPLICATION_ID = 0x43425247;

/** SQLite does not wait for others when it changes the journal, so several processes that start at once take turns here. */
async function setUpFile(database: Database): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await useWriteAheadLog(database);
      await markFile(database);
      return;
    } catch (error) {
      if (driverError(error).code !== 'SQLITE_BUSY' || tries === 50) throw error;
      await sleep(100);
    }
  }
}

async function useWriteAheadLog(database: Database): Promise<void> {
  const [record] = await database.select<{ journal_mode: string }>(null, 'PRAGMA journal_mode = WAL');
  if (record?.journal_mode === 'wal') return;
  throw new ConfigError(
    'The file system of the SQLite database does not support a write-ahead log. Put it on a local disk.',
  );
}

/** Also makes this connection the first to use a new file; otherwise SQLite finds the log in use at the first checkpoint. */
async function markFile(database: Database): Promise<void> {
  const [record] = await database.select<{ application_id: number }>(null, 'PRAGMA application_id');
  if (record?.application_id === APPLICATION_ID) return;
  if (record?.application_id !== 0) {
    throw new ConfigError('The file at database.path is the database of another program. Choose another path.');
  }
  await database.select(null, `PRAGMA application_id = ${APPLICATION_ID}`);
}

/** What each code of SQLite, PostgreSQL (appendix A) and the system means for whoever set it up. */
const WHY: readonly (readonly [RegExp, string])[] = [
  [/EEXIST/, 'a folder of database.path is a file. Check the path'],
  [
    /SQLITE_NOTADB|SQLITE_CORRUPT/,
    'the file at database.path is not an SQLite database, or is damaged. Restore it from a backup',
  ],
  [
    /SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM|EACCES|EPERM|EROFS|EISDIR|ENOTDIR/,
    'database.path cannot be written. Check its folder and its owner',
  ],
  [
    /SQLITE_FULL|SQLITE_IOERR|ENOSPC|EIO|53100/,
    'the disk is full, or fails. Make room, and look into the system’s log',
  ],
  [/28P01|28000/, 'PostgreSQL refused the user or the password in database.url'],
  [
    /3D000/,
    'the database named in database.url does not exist. Create it: see "PostgreSQL in place of SQLite" in docs/install.md',
  ],
  [
    /ECONNREFUSED|ENOENT|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/,
    'nothing answers at database.url. Is PostgreSQL running, and the host and port right?',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name in database.url is not known'],
];

/** Why the database cannot be opened, as a ConfigError. */
export function cannotOpen(error: unknown): Error {
  if (error instanceof ConfigError) return error;
  const { code = 'unknown' } = driverError(error);
  const [, why] = WHY.find(([pattern]) => pattern.test(code)) ?? [];
  return new ConfigError(`The database cannot be opened: ${why ?? 'it answered with an error'} (${code}).`, [], {
    cause: error,
  });
}
