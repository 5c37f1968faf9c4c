import type { Logger } from '../log.ts';
import { auditHash, checkpointBytes, GENESIS, type AuditCheckpoint } from '../model/audit-chain.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { CheckpointDoubt, KnownCheckpoint } from './known-checkpoint.ts';

/** Why nothing is signed. */
export interface BrokenAudit {
  /** The row that was found wrong, or the last one that is known to have been signed. */
  readonly seq: number;
  readonly why: 'row' | CheckpointDoubt;
  /** The same for as long as nothing is signed. */
  readonly cause: string;
}

/** What it is made of. */
export interface SignAuditParts {
  readonly trail: Pick<AuditTrail, 'rows' | 'writtenAt' | 'head' | 'lastCheckpoint' | 'addCheckpoint'>;
  readonly known: KnownCheckpoint;
  readonly signer: AuditSigner;
  readonly transactions: Transactions;
  /** A checkpoint is due after so many entries ... */
  readonly everyEntries: number;
  /** ... or once the oldest unsigned entry is that old, ms. */
  readonly afterMs: number;
  /** Called in the checkpoint's transaction, e.g. to have it posted to the security room. */
  readonly onSigned: (checkpoint: AuditCheckpoint) => Promise<void>;
  /** Called where the log is not what was signed before, or the unsigned rows do not hang together: then nothing is signed. */
  readonly onBroken: (broken: BrokenAudit) => Promise<void>;
  readonly log: Logger;
}

const PAGE = 1_000;

/**
 * Signs the head of the audit log from time to time, so that whoever rewrites or cuts the log afterwards is found out. Before it signs, it looks whether
 * the last checkpoint is the one that it signed last, and whether the rows since then hang together: a signature must not cover up what was changed.
 */
export class SignAudit {
  readonly #parts: SignAuditParts;

  constructor(parts: SignAuditParts) {
    this.#parts = parts;
  }

  /** Signs where a checkpoint is due at `now` (Unix ms). Returns the new checkpoint. */
  async run(now: number): Promise<AuditCheckpoint | undefined> {
    const { trail, known, signer, log } = this.#parts;
    const last = await trail.lastCheckpoint();
    const { doubt, ...standing } = await known.standing(last);
    if (doubt !== undefined) return this.#broken(doubt, last?.seq ?? 0, last);
    const unfinished = 'unfinished' in standing ? standing.unfinished : undefined;
    const head = await trail.head();
    const signed = last?.seq ?? 0;
    if (unfinished === undefined) {
      if (head?.seq === signed || (head === undefined && signed === 0)) return undefined;
      if (head !== undefined && head.seq > signed && !(await this.#isDue(head.seq, signed, now))) return undefined;
    }
    const row = await this.#firstBroken(last, unfinished, head);
    if (row !== undefined || head === undefined)
      return this.#broken(unfinished === undefined ? 'row' : 'missing', row ?? signed, last);
    const { keyId } = signer;
    const unsigned = { number: (last?.number ?? 0) + 1, seq: head.seq, headHash: head.hash, at: now, keyId };
    const checkpoint = unfinished ?? { ...unsigned, signature: signer.sign(checkpointBytes(unsigned)) };
    if (unfinished === undefined) await known.begin(checkpoint);
    if (!(await this.#commit(checkpoint))) {
      await known.withdraw(last);
      return undefined;
    }
    known.committed(checkpoint);
    log.info('audit.signed', { count: checkpoint.seq - signed });
    return checkpoint;
  }

  async #commit(checkpoint: AuditCheckpoint): Promise<boolean> {
    const { trail, transactions, onSigned } = this.#parts;
    return transactions.run(async () => {
      const isAdded = await trail.addCheckpoint(checkpoint);
      if (isAdded) await onSigned(checkpoint);
      return isAdded;
    });
  }

  async #broken(why: BrokenAudit['why'], seq: number, last: AuditCheckpoint | undefined): Promise<undefined> {
    this.#parts.log.error('audit.broken', { count: seq });
    await this.#parts.onBroken({ seq, why, cause: `${why}:${seq}:${last?.headHash ?? 'none'}` });
  }

  async #isDue(head: number, signed: number, now: number): Promise<boolean> {
    const { trail, everyEntries, afterMs } = this.#parts;
    if (head - signed >= everyEntries) return true;
    const writtenAt = await trail.writtenAt(signed + 1);
    return writtenAt === undefined || writtenAt <= now - afterMs;
  }

  /** The first row that does not hang together with those before it, or is not as it was signed, from the last checkpoint to the head. */
  async #firstBroken(
    last: AuditCheckpoint | undefined,
    unfinished: AuditCheckpoint | undefined,
    head: { readonly seq: number; readonly hash: string } | undefined,
  ): Promise<number | undefined> {
    const expected = new Map(head && [[head.seq, head.hash]]);
    for (const checkpoint of [last, unfinished]) if (checkpoint) expected.set(checkpoint.seq, checkpoint.headHash);
    const until = Math.max(...expected.keys(), 0);
    // The signed row itself is looked at too.
    let seq = Math.max((last?.seq ?? 0) - 1, 0);
    let hash = last === undefined ? GENESIS : undefined;
    while (seq < until) {
      const page = await this.#parts.trail.rows(seq, Math.min(PAGE, until - seq));
      if (page.length === 0) return seq + 1;
      for (const row of page) {
        if (row.seq !== seq + 1 || auditHash(row) !== row.hash) return seq + 1;
        if (hash !== undefined && row.prevHash !== hash) return row.seq;
        if ((expected.get(row.seq) ?? row.hash) !== row.hash) return row.seq;
        ({ seq, hash } = row);
      }
    }
    return undefined;
  }
}
