import type { AuditCheckpoint } from '../model/audit-chain.ts';
import { newOpaqueId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditVerifier } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { CheckpointMemory } from '../ports/checkpoint-memory.ts';
import type { Transactions } from '../ports/transactions.ts';
import { COMMAND_LINE } from './act-on-account.ts';
import type { TellSecurity } from './tell-security.ts';
import { VerifyAudit } from './verify-audit.ts';

/** What it is made of. */
export interface TrustCheckpointParts {
  readonly log: AuditLog;
  readonly trail: AuditTrail;
  readonly memory: CheckpointMemory;
  readonly verifier: AuditVerifier;
  readonly transactions: Transactions;
  readonly security: Pick<TellSecurity, 'tell'>;
}

/**
 * Takes the database's last checkpoint for the one to go on from: after a backup was restored it is an older one than the bridge remembers, and only a
 * person can say that it was no forger who put it there. The audit log and the security room have who said so before it is so.
 */
export class TrustCheckpoint {
  readonly #parts: TrustCheckpointParts;

  constructor(parts: TrustCheckpointParts) {
    this.#parts = parts;
  }

  /** Returns how many faults the log has: where it has any, nothing is trusted. */
  async run(who: { readonly by: UserId; readonly reason: string; readonly systemUser: string }): Promise<number> {
    const { log, trail, memory, verifier, transactions, security } = this.#parts;
    const { faults } = await new VerifyAudit({ trail, verifier, onFault: () => undefined }).run();
    if (faults > 0) return faults;
    const last = await trail.lastCheckpoint();
    const [before, after] = [headOf(await memory.read()), headOf(last)];
    const trace = newOpaqueId();
    const id = `audit.trust:${trace}`;
    const { by, reason, systemUser } = who;
    const text =
      `ON THE HOST: the audit log goes on from ${after}, by ${by} (login ${systemUser}); until now ${before} was remembered. ` +
      'Whoever did not expect this compares with the heads posted here.';
    await transactions.run(async () => {
      await log.append({
        id,
        action: 'audit.trust',
        actor: by,
        outcome: 'done',
        cause: COMMAND_LINE,
        trace,
        reason,
        before,
        after,
        details: { systemUser },
      });
      await security.tell(text, { cause: id, trace, confidential: `Reason: ${reason}`, isAlarm: true });
    });
    await memory.write(last);
    return 0;
  }
}

function headOf(checkpoint: AuditCheckpoint | 'unreadable' | undefined): string {
  if (typeof checkpoint !== 'object') return checkpoint ?? 'no checkpoint';
  return `checkpoint ${checkpoint.number} (${checkpoint.seq}:${checkpoint.headHash})`;
}
