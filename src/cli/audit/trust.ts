import { userInfo } from 'node:os';
import { UserError } from '../../errors.ts';
import { silentLogger } from '../../log.ts';
import { TrustCheckpoint } from '../../services/trust-checkpoint.ts';
import { beOnlyBridge } from '../../storage/be-only-bridge.ts';
import { hostSecurity } from '../host-security.ts';
import { neededOption, neededUser } from '../text-option.ts';
import type { AuditVerbParts } from './audit-verb-parts.ts';

/** `carebridge audit trust` */
export async function runTrust({ input, config, storage, memory, verifier }: AuditVerbParts): Promise<number> {
  const by = neededUser(input);
  const reason = neededOption(input, 'reason');
  // The running bridge would go on with what it remembers, and be right.
  await using _only = await beOnlyBridge(config.database, silentLogger);
  const { transactions, audit: log, auditTrail: trail } = storage;
  const parts = { transactions, log, trail, memory, verifier, security: hostSecurity(config, storage) };
  const faults = await new TrustCheckpoint(parts).run({ by, reason, systemUser: userInfo().username });
  if (faults > 0)
    throw new UserError(
      `The log is NOT as it was written: ${faults} faults, which carebridge audit verify names. Nothing was changed: restore a backup of which the log is whole.`,
    );
  input.out(
    'The next checkpoint follows the last in the database. This is in the audit log, and the security room is told. Start Carebridge.',
  );
  return 0;
}
