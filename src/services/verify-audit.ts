import { auditHash, checkpointBytes, GENESIS, type AuditCheckpoint, type AuditRow } from '../model/audit-chain.ts';
import type { AuditVerifier } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';

/** One thing that is wrong with the log. */
export interface AuditFault {
  readonly where: 'row' | 'checkpoint';
  /** `seq` of the row, or number of the checkpoint. */
  readonly number: number;
  readonly problem: string;
}

/** What a verification found. */
export interface AuditVerdict {
  readonly rows: number;
  readonly checkpoints: number;
  /** Rows up to this one are under a good signature. */
  readonly signedUpTo: number;
  readonly head: { readonly seq: number; readonly hash: string } | undefined;
  readonly faults: number;
}

/** What it is made of. */
export interface VerifyAuditParts {
  readonly trail: Pick<AuditTrail, 'rows' | 'checkpoints' | 'lastCheckpoint'>;
  readonly verifier: AuditVerifier;
  /** Told of each fault as it is found. */
  readonly onFault: (fault: AuditFault) => void;
  /** Heads that were written down elsewhere, e.g. in the security room. */
  readonly expected?: readonly { readonly seq: number; readonly hash: string }[];
  readonly pageSize?: number;
}

const PAGE = 1_000;
type Before = { readonly seq: number; readonly hashes: readonly string[] };

/** Verifies the whole log, one page in memory at a time. Rows written meanwhile are verified too. */
export class VerifyAudit {
  readonly #parts: VerifyAuditParts;
  #faults = 0;
  #checkpoints = 0;
  #signedUpTo = 0;
  /** `seq` of the checkpoint before. */
  #lastSigned = 0;

  constructor(parts: VerifyAuditParts) {
    this.#parts = parts;
  }

  async run(): Promise<AuditVerdict> {
    const { trail, pageSize = PAGE, expected = [] } = this.#parts;
    const checkpoints = this.#goodCheckpoints();
    let checkpoint = await next(checkpoints);
    let before: Before = { seq: 0, hashes: [GENESIS] };
    let rows = 0;
    let head: AuditVerdict['head'];
    for (;;) {
      const page = await trail.rows(before.seq, pageSize);
      for (const row of page) {
        before = this.#row(row, before);
        for (; checkpoint !== undefined && checkpoint.seq <= row.seq; checkpoint = await next(checkpoints)) {
          this.#compare(checkpoint, row);
        }
        if (expected.some(({ seq, hash }) => seq === row.seq && hash !== row.hash))
          this.#fault(
            'row',
            row.seq,
            'was rewritten: it has another hash than the one that was written down elsewhere',
          );
        head = { seq: row.seq, hash: row.hash };
      }
      rows += page.length;
      if (page.length < pageSize) break;
    }
    let lastNamed = Math.max(0, ...expected.map(({ seq }) => seq));
    for (; checkpoint !== undefined; checkpoint = await next(checkpoints))
      lastNamed = Math.max(lastNamed, checkpoint.seq);
    if (lastNamed > before.seq) this.#missing(before.seq + 1, lastNamed, 'at the end of the log');
    return { rows, checkpoints: this.#checkpoints, signedUpTo: this.#signedUpTo, head, faults: this.#faults };
  }

  #row(row: AuditRow, before: Before): Before {
    const { seq, prevHash, hash } = row;
    const computed = auditHash(row);
    const isNext = seq === before.seq + 1;
    if (!isNext) this.#missing(before.seq + 1, seq - 1, '');
    const follows = !isNext || before.hashes.includes(prevHash);
    const ahead = `row ${before.seq}`;
    if (computed !== hash) {
      const link = follows ? '' : ` and it does not name the hash of ${ahead}`;
      this.#fault('row', seq, `was changed: what it says does not give its hash${link}`);
    } else if (!follows) {
      const what = before.seq === 0 ? 'does not begin the log' : `does not follow ${ahead}`;
      this.#fault('row', seq, `${what}: one of the two was rewritten, or rows between them were taken away or moved`);
    }
    // The next row may still name what this one's hash was.
    return { seq, hashes: [hash, computed] };
  }

  #compare(checkpoint: AuditCheckpoint, row: AuditRow): void {
    const { seq, headHash, number } = checkpoint;
    if (seq < row.seq) return this.#fault('checkpoint', number, `names row ${seq}, which is missing`);
    if (headHash === row.hash) this.#signedUpTo = seq;
    else this.#fault('row', seq, `was rewritten, or rows before it: checkpoint ${number} signed another hash for it`);
  }

  /** The checkpoints that are what was signed. Those made after the start may name rows that were not there yet. */
  async *#goodCheckpoints(): AsyncGenerator<AuditCheckpoint, undefined> {
    const { trail, verifier, pageSize = PAGE } = this.#parts;
    const until = (await trail.lastCheckpoint())?.number ?? 0;
    for (let last = 0; last < until;) {
      const page = await trail.checkpoints(last, pageSize);
      if (page.length === 0) return;
      for (const checkpoint of page) {
        const { number, keyId, signature } = checkpoint;
        if (number > until) return;
        if (number !== last + 1) this.#fault('checkpoint', last + 1, 'is missing');
        last = number;
        this.#checkpoints++;
        const verdict = verifier.verify(keyId, checkpointBytes(checkpoint), signature);
        if (verdict === 'bad') this.#fault('checkpoint', number, 'was changed: its signature is wrong');
        else if (verdict === 'unknown-key')
          this.#fault('checkpoint', number, 'is signed with a key that is not among those given');
        else if (checkpoint.seq < this.#lastSigned)
          this.#fault('checkpoint', number, 'names an earlier row than the one before');
        else {
          this.#lastSigned = checkpoint.seq;
          yield checkpoint;
        }
      }
    }
  }

  #missing(from: number, to: number, where: string): void {
    if (to < from) return this.#fault('row', to + 1, 'is there twice, or out of order');
    const rest = to === from ? '' : `, and all up to row ${to}`;
    this.#fault('row', from, `is missing${rest}${where && ` ${where}`}`);
  }

  #fault(where: AuditFault['where'], number: number, problem: string): void {
    this.#faults++;
    this.#parts.onFault({ where, number, problem });
  }
}

async function next<T>(items: AsyncGenerator<T, undefined>): Promise<T | undefined> {
  return (await items.next()).value;
}
