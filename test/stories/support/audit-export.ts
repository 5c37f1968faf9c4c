/** The audit log as an auditor gets it: by `carebridge audit export`. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clinic } from '../../../src/cli/demo/clinic.ts';
import { runCarebridge } from '../../e2e/support/run-carebridge.ts';

/** One exported entry. */
export interface ExportedEntry {
  readonly action: string;
  readonly actor: string;
  readonly outcome: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Settings with which the log is signed: an export must be. */
export function withSigningKey() {
  return { audit: { signing_key: randomBytes(32).toString('base64') } };
}

/** Every entry about `user`, oldest first. */
export async function exportedAudit(clinic: Clinic, by: string, user: string): Promise<readonly ExportedEntry[]> {
  const out = join(clinic.directory, `audit-${randomBytes(4).toString('hex')}.jsonl`);
  const run = await runCarebridge([
    ...['audit', 'export', '--config', clinic.configPath, '--out', out, '--format', 'jsonl'],
    ...['--by', by, '--user', user],
  ]);
  expect(run.code, run.output).to.equal(0);
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as ExportedEntry);
}
