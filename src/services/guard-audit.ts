import type { Logger } from '../log.ts';
import { newOpaqueId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { Transactions } from '../ports/transactions.ts';
import { SignAudit } from './sign-audit.ts';
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

  constructor({ audit, auditTrail, transactions, security, signer, signEveryMs, log }: GuardAuditParts) {
    this.everyMs = Math.min(LOOK_EVERY_MS, signEveryMs);
    this.#sign = new SignAudit({
      ...{ trail: auditTrail, signer, transactions, everyEntries: SIGN_AFTER_ENTRIES, afterMs: signEveryMs, log },
      async onSigned({ number, seq, headHash, keyId }) {
        const text = `Audit log signed: ${seq} entries. Head ${seq}:${headHash} (checkpoint ${number}, key ${keyId}).`;
        await security.tell(text, { cause: `audit.signed:${number}`, trace: newOpaqueId() });
      },
      async onBroken(seq) {
        const trace = newOpaqueId();
        const words =
          `The audit log was changed: entry ${seq} is not as it was written, or is missing. Nothing is signed until somebody looks into it. ` +
          'Run carebridge audit verify on the host, and compare with the heads posted here.';
        const about = { cause: 'checkpoint', outcome: 'failed', target: `audit entry ${seq}`, trace } as const;
        await transactions.run(async () => {
          await audit.append({ id: `audit.broken:${seq}`, action: 'audit.broken', actor: 'carebridge', ...about });
          await security.tell(words, { cause: `audit.broken:${seq}`, trace });
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
