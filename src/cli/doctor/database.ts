import { existsSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { inspectDatabase } from '../../storage/inspect-database.ts';
import type { Check } from './check.ts';
import { folderFinding, keysFinding, schemaFinding } from './database-findings.ts';

/** Does the database open, is its schema ours, and do we have its keys? */
export const database: Check = {
  title: 'open the database',
  needs: [],
  async run({ config }) {
    const { database: where, secrets } = config;
    const tried =
      where.dialect === 'sqlite' ? `open the SQLite database ${where.path}` : 'open the PostgreSQL database';
    if (where.dialect === 'sqlite' && !existsSync(where.path))
      return [folderFinding(tried, where.path, 'database.path')];
    try {
      const facts = await inspectDatabase(config);
      const keys = keysFinding('compare its PHI keys with secrets.phi_key', facts, secrets.phiKeys);
      return [schemaFinding(tried, facts), ...keys];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [{ status: 'FAIL', tried, result: 'it does not open', fix: error.message }];
    }
  },
};
