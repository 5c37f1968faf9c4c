import type { Config, PhiKey } from '../config/config.ts';
import { inTermsOfArchive } from './archive/open-archive.ts';
import { ARCHIVE_MIGRATIONS } from './archive/first-archive.ts';
import type { Database } from './database.ts';
import { newestOf } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import { openDatabase } from './open-database.ts';

/** What can be said of a database without changing it. */
export interface DatabaseFacts {
  /** 0 where nothing was ever stored. */
  readonly schemaVersion: number;
  /** The version this program works with. */
  readonly programVersion: number;
  /** Ids of PHI keys that encrypted in it, and are not configured. */
  readonly missingKeyIds: readonly string[];
}

/**
 * Looks into the database for `doctor`, also while the bridge is running. Throws ConfigError where it cannot be opened. An SQLite file must exist, since
 * opening makes it.
 */
export async function inspectDatabase(config: Pick<Config, 'database' | 'secrets'>): Promise<DatabaseFacts> {
  return inspect(config.database, config.secrets.phiKeys, MIGRATIONS);
}

/** The same for the archive's own database. */
export async function inspectArchive({ database, keys = [] }: Config['archive']): Promise<DatabaseFacts> {
  return inTermsOfArchive(() => inspect(database, keys, ARCHIVE_MIGRATIONS));
}

async function inspect(
  where: Config['database'],
  keys: readonly PhiKey[],
  migrations: readonly Migration[],
): Promise<DatabaseFacts> {
  const opened = await openDatabase(where);
  const { database } = opened;
  try {
    const schemaVersion = await findVersion(database);
    const known = new Set(keys.map(({ id }) => id));
    const used = schemaVersion === 0 ? [] : await findKeyIds(database);
    const missingKeyIds = used.filter((id) => !known.has(id));
    return { schemaVersion, programVersion: newestOf(migrations), missingKeyIds };
  } finally {
    await opened.close();
  }
}

async function findVersion(database: Database): Promise<number> {
  const tables =
    database.dialect === 'sqlite' ? 'SELECT name FROM sqlite_master' : 'SELECT tablename AS name FROM pg_tables';
  const names = await database.read((transaction) => database.select<{ name: string }>(transaction, tables));
  if (!names.some(({ name }) => name === 'schema_migrations')) return 0;
  const [newest] = await database.read((transaction) =>
    database.select<{ version: number | null }>(transaction, 'SELECT MAX(version) AS version FROM schema_migrations'),
  );
  return newest?.version ?? 0;
}

async function findKeyIds(database: Database): Promise<string[]> {
  const records = await database.read((transaction) =>
    database.select<{ keyId: string }>(transaction, 'SELECT key_id AS "keyId" FROM phi_keys ORDER BY key_id'),
  );
  return records.map(({ keyId }) => keyId);
}
