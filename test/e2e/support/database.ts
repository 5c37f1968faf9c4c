/** The bridge's database, seen from outside: SQLite or PostgreSQL, as CAREBRIDGE_TEST_DATABASE says. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Context } from 'mocha';
import type { Clinic } from '../../../src/cli/demo/clinic.ts';
import { atEnd } from '../../support/at-end.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';

/** What this run of the tests is for. */
export const DATABASE = process.env['CAREBRIDGE_TEST_DATABASE'] === 'postgres' ? 'postgres' : 'sqlite';

let cluster: Promise<TestPostgres> | undefined;
let databases = 0;

/** The address of a new, empty PostgreSQL database; undefined where the run is for SQLite. Skips where there is no PostgreSQL. */
export async function newDatabase(context: Context): Promise<string | undefined> {
  if (DATABASE === 'sqlite') return undefined;
  const programs = await findPostgres();
  if (programs === undefined) skip(context, 'PostgreSQL is not installed.');
  cluster ??= startPostgres(programs).then((started) => {
    atEnd(() => started.stop());
    return started;
  });
  databases += 1;
  return await (await cluster).createDatabase(`clinic_${databases}`);
}

/** PostgreSQL stops at once, and starts again after `whileDown`. */
export async function restartPostgres(whileDown: () => Promise<void>): Promise<void> {
  if (cluster === undefined) throw new Error('This run is not for PostgreSQL.');
  await (await cluster).restart(whileDown);
}

/** Every row of a query with one column, as text. */
export async function query(clinic: Clinic, sql: string): Promise<string[]> {
  if (cluster !== undefined) {
    const text = await (await cluster).psql(await databaseName(clinic), sql);
    return text === '' ? [] : text.split('\n');
  }
  const database = new DatabaseSync(join(clinic.directory, 'carebridge.db'), { readOnly: true, timeout: 10_000 });
  try {
    const rows = database.prepare(sql).all();
    return rows.map((row) => String(Object.values(row)[0]));
  } finally {
    database.close();
  }
}

/** The names of all tables of ours. */
export async function tables(clinic: Clinic): Promise<string[]> {
  return await query(
    clinic,
    DATABASE === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
      : "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name",
  );
}

/** How many rows each table has. */
export async function rowCounts(clinic: Clinic): Promise<Record<string, number>> {
  const counts = (await tablesOf(clinic)).map((table) => `SELECT '${table}=' || count(*) FROM ${table}`);
  const rows = await query(clinic, counts.join(' UNION ALL '));
  const pairs = rows.map((row) => row.split('='));
  return Object.fromEntries(pairs.map(([table = '', count]): [string, number] => [table, Number(count)]));
}

const known = new WeakMap<Clinic, Promise<string[]>>();

/** The tables of a clinic do not change while it runs. */
function tablesOf(clinic: Clinic): Promise<string[]> {
  const names = known.get(clinic) ?? tables(clinic);
  known.set(clinic, names);
  return names;
}

async function databaseName(clinic: Clinic): Promise<string> {
  const { database } = JSON.parse(await readFile(clinic.configPath, 'utf8')) as { database: { url: string } };
  return new URL(database.url).pathname.slice(1);
}
