import type { MigrationStep } from './migration.ts';

/** Makes a table append-only for everybody who connects, not only for this program. */
export function forbidChanges(step: MigrationStep, table: string): Promise<void> {
  return forbid(step, table, ['UPDATE', 'DELETE'], `${table} is append-only`);
}

/** Rows of the table may be changed, and never go. */
export function forbidRemoval(step: MigrationStep, table: string): Promise<void> {
  return forbid(step, table, ['DELETE'], `rows of ${table} are kept`);
}

/**
 * In SQLite INSERT OR REPLACE removes a row without asking the trigger that refuses removal, unless the connection chose to ask. So a row that is not the
 * next one is refused here. PostgreSQL knows no such statement.
 */
export async function forbidReplacing(step: MigrationStep, table: string, key: string, isThere: string): Promise<void> {
  if (step.dialect !== 'sqlite') return;
  await step.run(
    `CREATE TRIGGER ${table}_next BEFORE INSERT ON ${table}
      WHEN NEW.${key} <> (SELECT COALESCE(MAX(${key}), 0) + 1 FROM ${table}) OR ${isThere}
      BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
  );
}

async function forbid(step: MigrationStep, table: string, changes: readonly string[], words: string): Promise<void> {
  if (step.dialect === 'sqlite') {
    for (const change of changes) {
      await step.run(
        `CREATE TRIGGER ${table}_no_${change.toLowerCase()} BEFORE ${change} ON ${table} BEGIN SELECT RAISE(ABORT, '${words}'); END`,
      );
    }
    return;
  }
  await step.run(
    `CREATE FUNCTION ${table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''${words}''; END'`,
  );
  await step.run(
    `CREATE TRIGGER ${table}_no_change BEFORE ${[...changes, 'TRUNCATE'].join(' OR ')} ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change()`,
  );
}
