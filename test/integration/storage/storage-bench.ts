/** What the storage contract runs on: one bench for each kind of database. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { Config, PhiKey } from '../../../src/config/config.ts';
import { newOpaqueId } from '../../../src/model/ids.ts';
import type { StorageSettings } from '../../../src/storage/open-storage.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { TestPostgres } from '../../support/postgres.ts';

/** What `openStorage` takes. */
export type StorageConfig = StorageSettings;

/** A kind of database. */
export interface StorageBench {
  /** The configuration of a database that does not exist yet. */
  newConfig(): Promise<StorageConfig>;
  /** The configuration of an empty database: a new one, or the given one emptied, whichever is faster. Nobody may have it open. */
  emptied(config: StorageConfig | undefined): Promise<StorageConfig>;
  /** Runs SQL behind the program's back and returns the first column of its rows, as text. */
  sql(config: StorageConfig, sql: string): Promise<string[]>;
  /** Everything that the database has on the disk. */
  bytes(config: StorageConfig): Promise<Buffer>;
}

const TABLES = [
  ...['phi_keys', 'settings', 'contacts', 'addresses', 'conversations', 'consents', 'identity_checks'],
  ...['inbox', 'outbox', 'notices', 'hs_transactions', 'matrix_events', 'media', 'archive_queue'],
  ...['role_assignments', 'policy_versions', 'governed_rooms', 'emergency_access', 'confirmations'],
  ...['audit_log', 'audit_checkpoints'],
];

/** A key as the configuration has it. */
export function newPhiKey(): PhiKey {
  const key = randomBytes(32);
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 8), key };
}

/** SQLite files in temporary folders. */
export function sqliteBench(): StorageBench {
  return {
    emptied() {
      return this.newConfig();
    },
    async newConfig() {
      return withSecrets({ dialect: 'sqlite', path: join(await tempDir('storage'), 'new', 'carebridge.sqlite') });
    },
    async sql({ database }, sql) {
      if (database.dialect !== 'sqlite') throw new Error('not an SQLite configuration');
      return querySqlite(database.path, sql);
    },
    async bytes({ database }) {
      if (database.dialect !== 'sqlite') throw new Error('not an SQLite configuration');
      return bytesBelow(join(database.path, '..'));
    },
  };
}

/** Databases of a running cluster. */
export function postgresBench(postgres: () => TestPostgres): StorageBench {
  const nameOf = ({ database }: StorageConfig) =>
    database.dialect === 'postgres' ? new URL(database.url).pathname.slice(1) : '';
  return {
    async newConfig() {
      return withSecrets({ dialect: 'postgres', url: await postgres().createDatabase(`t_${newOpaqueId(12)}`) });
    },
    async emptied(config) {
      if (config === undefined) return this.newConfig();
      // As a replica: the triggers that keep the consents do not fire.
      const sql = `SET session_replication_role = replica; TRUNCATE ${TABLES.join(', ')} RESTART IDENTITY CASCADE`;
      await postgres().psql(nameOf(config), sql);
      return config;
    },
    async sql(config, sql) {
      return (await postgres().psql(nameOf(config), sql)).split('\n').filter((line) => line !== '');
    },
    async bytes(config) {
      await postgres().psql(nameOf(config), 'CHECKPOINT');
      const oid = await postgres().psql(
        nameOf(config),
        'SELECT oid FROM pg_database WHERE datname = current_database()',
      );
      const data = join(postgres().directory, 'data');
      return Buffer.concat([await bytesBelow(join(data, 'base', oid)), await bytesBelow(join(data, 'pg_wal'))]);
    },
  };
}

/** A configuration for another process. */
export function configToJson(config: StorageConfig): string {
  const phiKeys = config.secrets.phiKeys.map(({ id, key }) => ({ id, key: Buffer.from(key).toString('hex') }));
  return JSON.stringify({ ...config, secrets: { phiKeys } });
}

/** What `configToJson` wrote. */
export function configFromJson(json: string): StorageConfig {
  const config = JSON.parse(json) as Omit<StorageConfig, 'secrets'> & {
    secrets: { phiKeys: { id: string; key: string }[] };
  };
  const phiKeys = config.secrets.phiKeys.map(({ id, key }) => ({ id, key: Buffer.from(key, 'hex') }));
  return { ...config, secrets: { phiKeys } };
}

function withSecrets(database: Config['database']): StorageConfig {
  return { database, secrets: { phiKeys: [newPhiKey()] }, retention: { wipeAfterMs: 0 } };
}

/** By the library that the program uses: a second one in the process (`node:sqlite`) would take the first one's locks away. */
async function querySqlite(path: string, sql: string): Promise<string[]> {
  const file = new sqlite3.Database(path);
  try {
    return await new Promise((resolve, reject) => {
      file.all<Record<string, string | number | null>>(sql, (error, rows) => {
        if (error) reject(error);
        else resolve(rows.map((row) => String(Object.values(row)[0] ?? '')));
      });
    });
  } finally {
    await new Promise((resolve) => file.close(resolve));
  }
}

async function bytesBelow(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}
