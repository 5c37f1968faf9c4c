import type { AuditEntry } from '../model/audit-entry.ts';

/** The append-only log of who did what. */
export interface AuditLog {
  /**
   * Commits the entry; inside a transaction, with it. Throws RetryableError where it cannot be written: then nothing destructive may be done
   * (45 CFR 164.312(b)). `entries` with the same `id` are written once, so that a repeated step does not count twice.
   */
  append(entry: AuditEntry & { readonly id: string }): Promise<void>;
}
