import type { Logger } from '../log.ts';
import { newOpaqueId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditSigner, AuditVerifier } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { CheckpointMemory } from '../ports/checkpoint-memory.ts';
import type { Transactions } from '../ports/transactions.ts';
import { DOUBTS, KnownCheckpoint } from './known-checkpoint.ts';
import { SignAudit, type BrokenAudit } from './sign-audit.ts';
import type { TellSecurity } from './tell-security.ts';

/** A checkpoint is made after so many entries, however little time has passed. */
export const SIGN_AFTER_ENTRIES = 1_000;
/** Whether it is due is looked at as often, ms; more often where that is configured to be due sooner. */
const LOOK_EVERY_MS = 60_000;

/** What it is made of. */
export interface GuardAuditParts {
  readonly audit: AuditLog;
  readonly auditTrail: AuditTrail;
  readonly transactions: Transactions;
  readonly security: Pick<TellSecurity, 'tell'>;
  readonly signer: AuditSigner;
  /** Knows the signer's key. */
  readonly verifier: AuditVerifier;
  readonly memory: CheckpointMemory;
  readonly signEveryMs: number;
  readonly log: Logger;
}

/**
 * Has the audit log signed and its head posted to the security room; tells the security room, once, where the log was changed. To be run every
 * `everyMs`.
 */
export class GuardAudit {
  /** How often to call `run`, ms. */
  readonly everyMs: number;
  readonly #sign: SignAudit;
  #running: Promise<unknown> | undefined;

  constructor({
    audit,
    auditTrail,
    transactions,
    security,
    signer,
    verifier,
    memory,
    signEveryMs,
    log,
  }: GuardAuditParts) {
    this.everyMs = Math.min(LOOK_EVERY_MS, signEveryMs);
    this.#sign = new SignAudit({
      trail: auditTrail,
      signer,
      transactions,
      everyEntries: SIGN_AFTER_ENTRIES,
      afterMs: signEveryMs,
      log,
      known: new KnownCheckpoint({ trail: auditTrail, memory, verifier }),
      async onSigned({ number, seq, headHash, keyId }) {
        const text = `Audit log signed: ${seq} entries. Head ${seq}:${headHash} (checkpoint ${number}, key ${keyId}).`;
        await security.tell(text, { cause: `audit.signed:${number}:${headHash}`, trace: newOpaqueId() });
      },
      async onBroken(broken) {
        const trace = newOpaqueId();
        const about = { cause: 'checkpoint', outcome: 'failed', target: `audit entry ${broken.seq}`, trace } as const;
        const id = `audit.broken:${broken.cause}`;
        await transactions.run(async () => {
          await audit.append({
            id,
            action: 'audit.broken',
            actor: 'carebridge',
            ...about,
            details: { why: broken.why },
          });
          await security.tell(wordsFor(broken), { cause: id, trace, isAlarm: true });
        });
      },
    });
  }

  /** Signs where it is due at `now`, Unix ms. While that is at work it is not begun again. */
  async run(now: number): Promise<void> {
    this.#running ??= this.#sign.run(now).finally(() => (this.#running = undefined));
    await this.#running;
  }
}

function wordsFor({ why, seq }: BrokenAudit): string {
  const look = 'Run carebridge audit verify on the host, and compare with the heads posted here.';
  const until = 'Nothing is signed until somebody looks into it.';
  if (why === 'row')
    return `The audit log was changed: entry ${seq} is not as it was written, or is missing. ${until} ${look}`;
  return (
    `The audit log may have been rewritten: ${DOUBTS[why]}. ${until} ${look} ` +
    'Only if a backup was restored or that file was lost: stop Carebridge and run carebridge audit trust, which is written down.'
  );
}
