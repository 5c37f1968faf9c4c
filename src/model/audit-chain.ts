/**
 * The hash chain of the audit log, as everybody can compute it who has the rows: no key is needed, since what is encrypted is hashed as it is stored.
 * The format is in docs/audit.md and part of every export: it must never change under the same name.
 */
import { createHash } from 'node:crypto';

/** A row of the audit log as it is stored. `content` is encrypted: reason, ticket, before, after, details. */
export interface AuditRow {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
  readonly action: string;
  readonly actor: string;
  readonly outcome: string;
  readonly target: string | null;
  readonly roomId: string | null;
  readonly sourceEvent: string | null;
  readonly cause: string | null;
  readonly content: string | null;
  readonly trace: string;
  /** `hash` of the row before; `GENESIS` in the first. */
  readonly prevHash: string;
  /** SHA-256, hex: `auditHash` of the rest. */
  readonly hash: string;
}

/** What a checkpoint signs: the row `seq` had this hash. */
export interface AuditCheckpoint {
  /** Counts from 1 without gaps. */
  readonly number: number;
  readonly seq: number;
  readonly headHash: string;
  /** Unix ms. */
  readonly at: number;
  /** Names the key: the first 16 hex digits of the SHA-256 of its SPKI form. */
  readonly keyId: string;
  /** Ed25519 over `checkpointBytes`, base64. */
  readonly signature: string;
}

/** The `prevHash` of the first row. */
export const GENESIS = '0'.repeat(64);

const ROW_FORMAT = 'carebridge-audit-1';
const CHECKPOINT_FORMAT = 'carebridge-audit-checkpoint-1';

/** The hash of a row: SHA-256 over the UTF-8 bytes of a JSON array without spaces. */
export function auditHash(row: Omit<AuditRow, 'hash'>): string {
  const { seq, id, at, action, actor, outcome, target, roomId, sourceEvent, cause, content, trace, prevHash } = row;
  const fields = [seq, id, at, action, actor, outcome, target, roomId, sourceEvent, cause, content, trace];
  return createHash('sha256')
    .update(JSON.stringify([ROW_FORMAT, prevHash, ...fields]))
    .digest('hex');
}

/** What is signed. */
export function checkpointBytes(checkpoint: Omit<AuditCheckpoint, 'signature'>): Buffer {
  const { number, seq, headHash, at, keyId } = checkpoint;
  return Buffer.from(JSON.stringify([CHECKPOINT_FORMAT, number, seq, headHash, at, keyId]));
}
