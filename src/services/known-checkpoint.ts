import { isDeepStrictEqual } from 'node:util';
import { checkpointBytes, type AuditCheckpoint } from '../model/audit-chain.ts';
import type { AuditVerifier } from '../ports/audit-signer.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { CheckpointMemory } from '../ports/checkpoint-memory.ts';

/** What it is made of. */
export interface KnownCheckpointParts {
  readonly trail: Pick<AuditTrail, 'checkpoints'>;
  readonly memory: CheckpointMemory;
  /** Knows the key that signs. */
  readonly verifier: AuditVerifier;
}

/** Why the database's last checkpoint is not believed. */
export type CheckpointDoubt = 'missing' | 'another' | 'not-remembered' | 'unreadable';

/** Each in words, to go on in a sentence. */
export const DOUBTS: Readonly<Record<CheckpointDoubt, string>> = {
  missing: 'the last signed checkpoint is missing from the database',
  another: 'the last checkpoint in the database is not the one that was signed last',
  'not-remembered':
    'the database has signed checkpoints, and audit.checkpoint_file, which remembers the last, is not there',
  unreadable: 'audit.checkpoint_file, which remembers the last signed checkpoint, was changed or cannot be read',
};

/** What the database's last checkpoint is to us. `unfinished`: the one that was signed and did not get into the database. */
export type CheckpointStanding =
  { readonly doubt: CheckpointDoubt } | { readonly doubt?: undefined; readonly unfinished?: AuditCheckpoint };

/**
 * The last checkpoint as this installation knows it, in the process and outside of the database: without it, a log that was rewritten together with its
 * checkpoints would be signed anew. A checkpoint is remembered before it is committed, so that a process that dies between finds it and commits the same.
 */
export class KnownCheckpoint {
  readonly #parts: KnownCheckpointParts;
  /** undefined: not read yet. */
  #known: { readonly checkpoint: AuditCheckpoint | undefined; readonly isCommitted: boolean } | undefined;

  constructor(parts: KnownCheckpointParts) {
    this.#parts = parts;
  }

  /** Compares what the database has. What was seen there once is not taken back. */
  async standing(last: AuditCheckpoint | undefined): Promise<CheckpointStanding> {
    const read = this.#known?.checkpoint ?? (await this.#parts.memory.read());
    if (read === 'unreadable') return { doubt: 'unreadable' };
    if (read === undefined) return last === undefined ? {} : { doubt: 'not-remembered' };
    const signature = this.#parts.verifier.verify(read.keyId, checkpointBytes(read), read.signature);
    if (signature === 'bad') return { doubt: 'unreadable' };
    const [ours, theirs] = [read.number, last?.number ?? 0];
    this.#known ??= { checkpoint: read, isCommitted: false };
    // It would be committed: then who signed it must be known.
    if (theirs === ours - 1 && !this.#known.isCommitted)
      return signature === 'good' ? { unfinished: read } : { doubt: 'unreadable' };
    if (theirs < ours) return { doubt: 'missing' };
    const isRight = theirs === ours ? isDeepStrictEqual(last, read) : await this.#isLater(read, last!);
    if (!isRight) return { doubt: 'another' };
    this.#known = { checkpoint: last, isCommitted: true };
    return {};
  }

  /** To be called before the commit. */
  async begin(checkpoint: AuditCheckpoint): Promise<void> {
    await this.#parts.memory.write(checkpoint);
    this.#known = { checkpoint, isCommitted: false };
  }

  /** It is in the database. */
  committed(checkpoint: AuditCheckpoint): void {
    this.#known = { checkpoint, isCommitted: true };
  }

  /** Another process had committed one of that number: ours is forgotten for the one before. */
  async withdraw(before: AuditCheckpoint | undefined): Promise<void> {
    await this.#parts.memory.write(before);
    this.#known = { checkpoint: before, isCommitted: true };
  }

  /** A process that had our place for a while signed with the same key, after the one that we know. */
  async #isLater(known: AuditCheckpoint, last: AuditCheckpoint): Promise<boolean> {
    const [same] = await this.#parts.trail.checkpoints(known.number - 1, 1);
    const isSigned = this.#parts.verifier.verify(last.keyId, checkpointBytes(last), last.signature) === 'good';
    return isSigned && isDeepStrictEqual(same, known);
  }
}
