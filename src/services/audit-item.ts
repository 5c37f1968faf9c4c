import type { AuditRow } from '../model/audit-chain.ts';
import type { AuditContent } from '../ports/audit-trail.ts';

/** An entry as it is exported: the row with its time in words and its content in the clear. `undefined` fields are left out. */
export interface AuditItem {
  readonly seq: number;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action: string;
  readonly actor: string;
  readonly outcome: string;
  readonly target: string | undefined;
  readonly roomId: string | undefined;
  readonly sourceEvent: string | undefined;
  readonly cause: string | undefined;
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
  readonly before: unknown;
  readonly after: unknown;
  readonly details: unknown;
  readonly trace: string;
  readonly prevHash: string;
  readonly hash: string;
}

/** Puts a row and its decrypted content together. */
export function auditItem(row: AuditRow, content: AuditContent): AuditItem {
  const { reason, ticket, before, after, details } = content;
  return {
    seq: row.seq,
    id: row.id,
    at: new Date(row.at).toISOString(),
    action: row.action,
    actor: row.actor,
    outcome: row.outcome,
    target: row.target ?? undefined,
    roomId: row.roomId ?? undefined,
    sourceEvent: row.sourceEvent ?? undefined,
    cause: row.cause ?? undefined,
    reason,
    ticket,
    before,
    after,
    details,
    trace: row.trace,
    prevHash: row.prevHash,
    hash: row.hash,
  };
}
