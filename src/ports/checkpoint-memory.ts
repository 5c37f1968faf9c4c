import type { AuditCheckpoint } from '../model/audit-chain.ts';

/** The last signed checkpoint, kept apart from the database: whoever rewrites the database, checkpoints and all, has not rewritten this. */
export interface CheckpointMemory {
  /** undefined: there is none; `unreadable`: there is something else than what was written. */
  read(): Promise<AuditCheckpoint | 'unreadable' | undefined>;
  /** It is on the disk when this answers, whole or not at all; undefined: there is none. Throws RetryableError where it cannot be written. */
  write(checkpoint: AuditCheckpoint | undefined): Promise<void>;
}
