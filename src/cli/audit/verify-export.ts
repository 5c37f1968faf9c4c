import { verifyExport } from '../../services/verify-export.ts';
import type { AuditVerifier } from '../../ports/audit-signer.ts';
import type { VerbInput } from '../verb.ts';
import { manifestOf } from './export.ts';
import { linesOf } from './line-file.ts';
import { neededOption } from '../text-option.ts';

/** Printed; all are counted. */
const SHOWN = 200;

/** `carebridge audit verify-export` */
export async function runVerifyExport(input: VerbInput, verifier: AuditVerifier): Promise<number> {
  const path = neededOption(input, 'out');
  const problems = await verifyExport({ lines: linesOf(path), manifest: linesOf(manifestOf(path)), verifier });
  for (const problem of problems.slice(0, SHOWN)) input.out(problem);
  if (problems.length > SHOWN) input.out(`... and ${problems.length - SHOWN} more.`);
  input.out(problems.length === 0 ? 'The export is as it was written.' : 'The export is NOT as it was written.');
  return problems.length === 0 ? 0 : 1;
}
