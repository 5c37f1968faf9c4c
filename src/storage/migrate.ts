import type { Transaction } from 'sequelize';
import { ConfigError } from '../errors.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

/** PostgreSQL advisory lock of everything that changes the schema; the number only has to be ours. */
const SCHEMA_LOCK = 5_201_907_244;

/**
 * Brings the schema to the newest version, each step in its own transaction together with its version row, and returns the version. Several processes may
 * start at once: the others wait and find the work done. Throws ConfigError where the schema is newer than this program.
 */
export async function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): Promise<number> {
  const known = newestOf(migrations);
  for (const migration of migrations) {
    await database.inTransaction((transaction) => applyOnce(database, transaction, migration, known));
  }
  return known;
}

/** The version that these bring a database to. */
export function newestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** Keeps other processes from changing the schema until the transaction ends. An SQLite write transaction does so by itself. */
export async function lockSchema(database: Database, transaction: Transaction): Promise<void> {
  if (database.dialect === 'postgres')
    await database.select(transaction, 'SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
}

async function applyOnce(
  database: Database,
  transaction: Transaction,
  migration: Migration,
  known: number,
): Promise<void> {
  await lockSchema(database, transaction);
  await database.execute(
    transaction,
    'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)',
  );
  const [newest] = await database.select<{ version: number | null }>(
    transaction,
    'SELECT MAX(version) AS version FROM schema_migrations',
  );
  const found = newest?.version ?? 0;
  if (found > known) {
    throw new ConfigError(
      `The database has schema version ${found}, but this version of Carebridge knows the schema only up to version ${known}. Start the newer ` +
        'Carebridge that was used last, or restore the backup made before the upgrade.',
    );
  }
  const inserted = await database.execute(
    transaction,
    'INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING',
    [migration.version, migration.name, Date.now()],
  );
  if (inserted === 0) return;
  await migration.up({
    dialect: database.dialect,
    run: async (sql) => void (await database.sequelize.query(sql, { transaction, raw: true })),
  });
}
