import type { AuditCheckpoint, AuditRow } from '../model/audit-chain.ts';
import type { AuditEntry } from '../model/audit-entry.ts';

/** Which rows. Times are Unix ms; `from` belongs to it, `to` does not. */
export interface AuditFilter {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Who did it, or whom it was done to. */
  readonly user?: string | undefined;
  readonly room?: string | undefined;
  readonly action?: string | undefined;
}

/** What of an entry is kept encrypted. */
export type AuditContent = Pick<AuditEntry, 'reason' | 'ticket' | 'before' | 'after' | 'details'>;

/** The audit log as its readers see it, and its checkpoints. Whoever reads it writes down that it was read (F3). */
export interface AuditTrail {
  /** The next rows after `seq`, in order, at most `limit`. */
  rows(afterSeq: number, limit: number, filter?: AuditFilter): Promise<readonly AuditRow[]>;
  /** The row that was written under an id, or undefined. */
  find(id: string): Promise<AuditRow | undefined>;
  /** The last row's, or undefined where the log is empty. */
  head(): Promise<{ readonly seq: number; readonly hash: string } | undefined>;
  /** When the row was written, Unix ms; undefined where there is none of that number. */
  writtenAt(seq: number): Promise<number | undefined>;
  /** Decrypts what a row holds. Throws PermanentError where it was changed or its key is not configured. */
  open(row: AuditRow): AuditContent;
  /** The next checkpoints after `number`, in order. */
  checkpoints(afterNumber: number, limit: number): Promise<readonly AuditCheckpoint[]>;
  lastCheckpoint(): Promise<AuditCheckpoint | undefined>;
  /** Returns false where a checkpoint of that number is there already: another process was faster. */
  addCheckpoint(checkpoint: AuditCheckpoint): Promise<boolean>;
}
