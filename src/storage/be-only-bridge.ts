/** One bridge runs on a database: two would text patients twice, and answer for each other's rooms. The other verbs may run beside it. */
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { makePrivateFile } from './open-database.ts';
import type { OnlyBridge } from './only-bridge.ts';
import { PostgresBridgeLock, type LockPatience } from './postgres-bridge-lock.ts';

/** SQLite's result code where another process has the file locked (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/** Throws ConfigError where another bridge runs on the database, or where that cannot be found out. */
export async function beOnlyBridge(
  database: Config['database'],
  log: Logger,
  patience?: LockPatience,
): Promise<OnlyBridge> {
  return database.dialect === 'sqlite'
    ? lockBesides(database.path)
    : PostgresBridgeLock.take(database.url, log, patience);
}

/**
 * Locks an empty file beside the database, which the verbs and SQLite's own tools do not look at. The system gives the lock up with the process,
 * however that ends. The file stays: who removed it could let two in.
 */
async function lockBesides(path: string): Promise<OnlyBridge> {
  const lockPath = `${path}.lock`;
  await makePrivateFile(lockPath);
  const file = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    file.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new ConfigError(
        `database.path: another Carebridge is running on ${path}. Only one may, else patients get texts twice. Stop the other one first.`,
        [],
        { cause },
      );
    }
    throw new ConfigError(`database.path: ${lockPath} cannot be locked. Check its owner and the disk.`, [], { cause });
  }
  return {
    problem: undefined,
    failed: new Promise<never>(() => undefined),
    [Symbol.asyncDispose]: async () => file.close(),
  };
}
