import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { verifyArchiveEnd, type ArchiveVerdict } from '../../services/verify-archive.ts';
import { openArchive } from '../../storage/archive/open-archive.ts';
import { inspectArchive } from '../../storage/inspect-database.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { askDatabase } from './ask-database.ts';
import type { Check, Finding } from './check.ts';
import { folderFinding, keysFinding, schemaFinding } from './database-findings.ts';

/** Is what is said archived: is there a key, does the archive open, can it be written, and does it end as the audit log says? */
export const archive: Check = {
  title: 'open the archive',
  needs: [],
  async run({ config }) {
    const { database: where, keys } = config.archive;
    const tried = where.dialect === 'sqlite' ? `open the archive ${where.path}` : 'open the archive in PostgreSQL';
    const isMissing = where.dialect === 'sqlite' && !existsSync(where.path);
    if (keys === undefined) return [isMissing ? { tried, ...OFF } : { tried, ...NO_KEY }];
    if (isMissing) return [missingFinding(config, tried, where.path)];
    try {
      const facts = await inspectArchive(config.archive);
      const findings = [
        schemaFinding(tried, facts),
        ...keysFinding('compare its PHI keys with archive.key', facts, keys),
      ];
      // Opening another would bring it up to date, or fail.
      const isOurs = facts.schemaVersion === facts.programVersion && facts.missingKeyIds.length === 0;
      return isOurs ? [...findings, ...(await look(config))] : findings;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [{ status: 'FAIL', tried, result: 'it does not open', fix: error.message }];
    }
  },
};

const OFF: Omit<Finding, 'tried'> = {
  status: 'warn',
  result: 'there is no archive.key: nothing is archived',
  fix: 'run carebridge register, which makes secrets/archive.key; name it as archive.key if it is elsewhere',
};
const NO_KEY: Omit<Finding, 'tried'> = {
  status: 'FAIL',
  result: 'there is an archive, but no archive.key',
  fix: 'restore secrets/archive.key from your backup: without it Carebridge does not start, and nothing in the archive can be read',
};

/** The first start makes it, and so would the next where one was lost. */
function missingFinding({ database }: Config, tried: string, path: string): Finding {
  const finding = folderFinding(tried, path, 'archive.path');
  const isFirstStart = database.dialect === 'sqlite' && !existsSync(database.path);
  if (finding.status !== 'ok' || isFirstStart) return finding;
  const fix =
    'if there was one, stop Carebridge and restore it from your backup: the next start makes an empty one. If there was none, just start';
  return { status: 'warn', tried, result: 'it is not there, but the database is', fix };
}

async function look(config: Config): Promise<Finding[]> {
  await using opened = await openArchive(config.archive);
  if (opened === undefined) return [];
  const problem = await opened.check();
  const known = await askDatabase(config, lastVerified);
  const fault = await verifyArchiveEnd(opened, known);
  return [writeFinding(problem), endFinding(fault, known)];
}

function writeFinding(problem: string | undefined): Finding {
  const tried = 'write into the archive';
  if (problem === undefined) return { status: 'ok', tried, result: 'it can be written' };
  const fix = 'do what it says. Until then what is said waits in the database, and is archived afterwards';
  return { status: 'FAIL', tried, result: problem, fix };
}

function endFinding(fault: string | undefined, known: ArchiveVerdict['head']): Finding {
  const tried = 'compare the end of the archive with the audit log';
  if (fault !== undefined) {
    const fix = 'run carebridge archive verify, which names every such row, and compare with your backup';
    return { status: 'FAIL', tried, result: fault, fix };
  }
  const result = known
    ? `as verified up to row ${known.seq}`
    : 'the whole was never verified (carebridge archive verify)';
  return { status: 'ok', tried, result };
}

/** The last row of the archive when it was verified as a whole and found right, as the audit log has it. */
async function lastVerified({ auditTrail }: Storage): Promise<ArchiveVerdict['head']> {
  let found: ArchiveVerdict['head'];
  for (let after = 0; ;) {
    const rows = await auditTrail.rows(after, PAGE, { action: 'archive.verified' });
    const right = rows.findLast(({ outcome }) => outcome === 'done');
    if (right !== undefined) found = (auditTrail.open(right).details as ArchiveVerdict | undefined)?.head;
    if (rows.length < PAGE) return found;
    after = rows.at(-1)?.seq ?? after;
  }
}

const PAGE = 1_000;
