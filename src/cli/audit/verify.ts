import { userInfo } from 'node:os';
import { RetryableError, UserError } from '../../errors.ts';
import { newOpaqueId } from '../../model/ids.ts';
import { DOUBTS, KnownCheckpoint, type CheckpointDoubt } from '../../services/known-checkpoint.ts';
import { VerifyAudit, type AuditFault, type AuditVerdict } from '../../services/verify-audit.ts';
import type { AuditVerbParts } from './audit-verb-parts.ts';
import { neededUser, textOption } from '../text-option.ts';

/** Printed; all are counted. */
const SHOWN = 200;

/** `carebridge audit verify` */
export async function runVerify(parts: AuditVerbParts): Promise<number> {
  const { input, storage, verifier, memory } = parts;
  const remembered = await memory.read();
  const expected = [
    ...expectedHead(textOption(input, 'head')),
    ...(typeof remembered === 'object' ? [{ seq: remembered.seq, hash: remembered.headHash }] : []),
  ];
  let shown = 0;
  const onFault = ({ where, number, problem }: AuditFault) => {
    if (++shown <= SHOWN) input.out(`${where === 'row' ? 'Row' : 'Checkpoint'} ${number} ${problem}.`);
  };
  // Before the file is read: it has the newest one first.
  const last = await storage.auditTrail.lastCheckpoint();
  const { doubt } = await new KnownCheckpoint({ trail: storage.auditTrail, memory, verifier }).standing(last);
  const verdict = await new VerifyAudit({ trail: storage.auditTrail, verifier, expected, onFault }).run();
  const { rows, checkpoints, signedUpTo, head, faults } = verdict;
  if (faults > SHOWN) input.out(`... and ${faults - SHOWN} more.`);
  input.out(`${rows} rows, ${checkpoints} checkpoints; signed up to row ${signedUpTo}.`);
  if (head !== undefined) input.out(`Head: ${head.seq}:${head.hash}`);
  if (doubt !== undefined)
    input.out(
      `The log may have been rewritten: ${DOUBTS[doubt]}. Compare with the heads in the security room (--head).`,
    );
  if (faults > 0) input.out(`The log is NOT as it was written: ${faults} faults.`);
  else if (doubt === undefined) input.out(['The log is whole.', ...unsigned(verdict)].join(' '));
  await record(parts, verdict, doubt);
  return faults === 0 && doubt === undefined ? 0 : 1;
}

/** What a whole chain does not show. */
function unsigned({ head, signedUpTo }: AuditVerdict): string[] {
  if (head === undefined || head.seq <= signedUpTo) return [];
  const which = signedUpTo === 0 ? 'Nothing of it is signed' : `The rows after ${signedUpTo} are not signed yet`;
  return [`${which}: had that been rewritten as a whole, it could not be seen here.`];
}

/** Verifying shows nothing of the entries, so a log that cannot be written is no reason not to. */
async function record(
  { input, storage }: AuditVerbParts,
  verdict: AuditVerdict,
  doubt: CheckpointDoubt | undefined,
): Promise<void> {
  const { rows, checkpoints, signedUpTo, faults } = verdict;
  const trace = newOpaqueId();
  const entry = {
    id: `audit.verify:${trace}`,
    trace,
    action: 'audit.verify',
    outcome: faults === 0 && doubt === undefined ? 'done' : 'failed',
    actor: textOption(input, 'by') === undefined ? 'carebridge' : neededUser(input),
    cause: 'command line',
    details: { rows, checkpoints, signedUpTo, faults, ...(doubt && { doubt }), systemUser: userInfo().username },
  } as const;
  await storage.audit.append(entry).catch((error: unknown) => {
    if (!(error instanceof RetryableError)) throw error;
    input.err(`That the log was verified could not be written into it: ${error.message}`);
  });
}

function expectedHead(text: string | undefined): { seq: number; hash: string }[] {
  if (text === undefined) return [];
  const [, seq = '', hash = ''] = /^([1-9]\d{0,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === '') throw new UserError('--head takes the row and its hash, as they were posted: SEQ:HASH.');
  return [{ seq: Number(seq), hash }];
}
