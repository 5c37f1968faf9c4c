import type { Logger } from '../log.ts';
import { auditHash, checkpointBytes, GENESIS, type AuditCheckpoint } from '../model/audit-chain.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { Transactions } from '../ports/transactions.ts';

/** What it is made of. */
export interface SignAuditParts {
  readonly trail: Pick<AuditTrail, 'rows' | 'writtenAt' | 'head' | 'lastCheckpoint' | 'addCheckpoint'>;
  readonly signer: AuditSigner;
  readonly transactions: Transactions;
  /** A checkpoint is due after so many entries ... */
  readonly everyEntries: number;
  /** ... or once the oldest unsigned entry is that old, ms. */
  readonly afterMs: number;
  /** Called in the checkpoint's transaction, e.g. to have it posted to the security room. */
  readonly onSigned: (checkpoint: AuditCheckpoint) => Promise<void>;
  /** Called where the unsigned rows do not hang together: then nothing is signed. `seq` is the row that was found wrong. */
  readonly onBroken: (seq: number) => Promise<void>;
  readonly log: Logger;
}

const PAGE = 1_000;

/**
 * Signs the head of the audit log from time to time, so that whoever rewrites or cuts the log afterwards is found out. Before it signs, it looks whether
 * the rows since the last checkpoint hang together: a signature must not cover up what was changed before it.
 */
export class SignAudit {
  readonly #parts: SignAuditParts;

  constructor(parts: SignAuditParts) {
    this.#parts = parts;
  }

  /** Signs where a checkpoint is due at `now` (Unix ms); `force`: where there is anything unsigned. Answers the new checkpoint. */
  async run(now: number, force = false): Promise<AuditCheckpoint | undefined> {
    const { trail, transactions, signer, onSigned, log } = this.#parts;
    const last = await trail.lastCheckpoint();
    const head = await trail.head();
    const signed = last?.seq ?? 0;
    if (head?.seq === signed || (head === undefined && signed === 0)) return undefined;
    if (head !== undefined && head.seq > signed && !force && !(await this.#isDue(head.seq, signed, now)))
      return undefined;
    const broken = await this.#firstBroken(last, head);
    if (broken !== undefined || head === undefined) {
      log.error('audit.broken', { count: broken ?? signed });
      await this.#parts.onBroken(broken ?? signed);
      return undefined;
    }
    const { keyId } = signer;
    const unsigned = { number: (last?.number ?? 0) + 1, seq: head.seq, headHash: head.hash, at: now, keyId };
    const checkpoint = { ...unsigned, signature: signer.sign(checkpointBytes(unsigned)) };
    const isOurs = await transactions.run(async () => {
      const isAdded = await trail.addCheckpoint(checkpoint);
      if (isAdded) await onSigned(checkpoint);
      return isAdded;
    });
    if (!isOurs) return undefined;
    log.info('audit.signed', { count: head.seq - signed });
    return checkpoint;
  }

  async #isDue(head: number, signed: number, now: number): Promise<boolean> {
    const { trail, everyEntries, afterMs } = this.#parts;
    if (head - signed >= everyEntries) return true;
    const writtenAt = await trail.writtenAt(signed + 1);
    return writtenAt === undefined || writtenAt <= now - afterMs;
  }

  /** The first row that does not hang together with those before it, from the last checkpoint to the head. */
  async #firstBroken(
    last: AuditCheckpoint | undefined,
    head: { readonly seq: number; readonly hash: string } | undefined,
  ): Promise<number | undefined> {
    // The signed row itself is looked at too.
    let seq = Math.max((last?.seq ?? 0) - 1, 0);
    let hash = last === undefined ? GENESIS : undefined;
    while (seq < (head?.seq ?? 0)) {
      const page = await this.#parts.trail.rows(seq, PAGE);
      if (page.length === 0) return seq + 1;
      for (const row of page) {
        if (row.seq !== seq + 1 || auditHash(row) !== row.hash) return seq + 1;
        if (hash !== undefined && row.prevHash !== hash) return row.seq;
        if (row.seq === last?.seq && row.hash !== last.headHash) return row.seq;
        ({ seq, hash } = row);
        if (seq === head?.seq) return hash === head.hash ? undefined : seq;
      }
    }
    return seq + 1;
  }
}
