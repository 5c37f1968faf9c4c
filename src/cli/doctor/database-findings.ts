/** What is found out alike of the bridge's database and of the archive's. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PhiKey } from '../../config/config.ts';
import type { DatabaseFacts } from '../../storage/inspect-database.ts';
import type { Finding } from './check.ts';

/** Of an SQLite file that is not there: can it be made? */
export function folderFinding(tried: string, path: string, setting: string): Finding {
  // Folders that are missing are made at the first start, in the nearest one that is there.
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { status: 'ok', tried, result: 'it is not there yet; the first start makes it' };
  } catch {
    const fix = `run chown on ${folder} for the user that runs Carebridge, or correct ${setting}`;
    return { status: 'FAIL', tried, result: `it is not there, and ${folder} cannot be written`, fix };
  }
}

/** Does this program work with the schema? */
export function schemaFinding(tried: string, { schemaVersion, programVersion }: DatabaseFacts): Finding {
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

/** Do we have every key that encrypted in it? The first of `keys` encrypts. */
export function keysFinding(
  tried: string,
  { schemaVersion, missingKeyIds }: DatabaseFacts,
  keys: readonly PhiKey[],
): Finding[] {
  if (schemaVersion === 0) return [];
  if (missingKeyIds.length === 0)
    return [{ status: 'ok', tried, result: `we have all of them; ${keys[0]?.id} encrypts` }];
  const fix = 'add the old keys, from your backup of them, as further lines below the first one';
  return [{ status: 'FAIL', tried, result: `we lack ${missingKeyIds.join(', ')}`, fix }];
}
