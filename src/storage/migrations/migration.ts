import type { Dialect } from '../database.ts';

/** What a migration may do: run statements, in its own transaction. */
export interface MigrationStep {
  readonly dialect: Dialect;
  run(sql: string): Promise<void>;
}

/** One change of the schema. Never edited once released. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  up(step: MigrationStep): Promise<void>;
}
