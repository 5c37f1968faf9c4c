import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { inspectDatabase, type DatabaseFacts } from '../../storage/inspect-database.ts';
import type { Check, Finding } from './check.ts';

/** Does the database open, is its schema ours, and do we have its keys? */
export const database: Check = {
  title: 'open the database',
  needs: [],
  async run({ config }) {
    const { database: where } = config;
    const tried =
      where.dialect === 'sqlite' ? `open the SQLite database ${where.path}` : 'open the PostgreSQL database';
    if (where.dialect === 'sqlite' && !existsSync(where.path)) return [checkFolder(tried, where.path)];
    try {
      const facts = await inspectDatabase(config);
      return [checkSchema(tried, facts), ...checkKeys(facts, config)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [{ status: 'FAIL', tried, result: 'it does not open', fix: error.message }];
    }
  },
};

function checkFolder(tried: string, path: string): Finding {
  // Folders that are missing are made at the first start, in the nearest one that is there.
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { status: 'ok', tried, result: 'it is not there yet; the first start makes it' };
  } catch {
    const fix = `run chown on ${folder} for the user that runs Carebridge, or correct database.path`;
    return { status: 'FAIL', tried, result: `it is not there, and ${folder} cannot be written`, fix };
  }
}

function checkSchema(tried: string, { schemaVersion, programVersion }: DatabaseFacts): Finding {
  if (schemaVersion === programVersion) return { status: 'ok', tried, result: `schema version ${schemaVersion}` };
  if (schemaVersion === 0) return { status: 'ok', tried, result: 'it is empty; the first start makes the tables' };
  const result = `schema version ${schemaVersion}; this program works with ${programVersion}`;
  if (schemaVersion > programVersion) {
    const fix = 'start the newer Carebridge that was used last, or restore the backup made before the upgrade';
    return { status: 'FAIL', tried, result, fix };
  }
  return {
    status: 'warn',
    tried,
    result,
    fix: 'back it up now: the next start brings it up to date, and there is no way back',
  };
}

function checkKeys({ schemaVersion, missingKeyIds }: DatabaseFacts, config: Config): Finding[] {
  if (schemaVersion === 0) return [];
  const tried = 'compare its PHI keys with secrets.phi_key';
  if (missingKeyIds.length === 0)
    return [{ status: 'ok', tried, result: `we have all of them; ${config.secrets.phiKeys[0]?.id} encrypts` }];
  const fix = 'add the old keys, from your backup of them, as further lines below the first one';
  return [{ status: 'FAIL', tried, result: `we lack ${missingKeyIds.join(', ')}`, fix }];
}
