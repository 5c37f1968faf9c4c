import type { Database } from './database.ts';
import type { NumberHash } from './number-hash.ts';
import type { PhiCipher } from './phi-cipher.ts';

/** What the repositories of this folder are made of. */
export interface StorageParts {
  readonly database: Database;
  readonly cipher: PhiCipher;
  readonly numberHash: NumberHash;
  /** Content is wiped with the end of its row, rather than by the sweep. */
  readonly wipeAtOnce: boolean;
  /**
   * Tells people of a row that is given up, since it cannot be decrypted and must not hold up the others. Called in the transaction in which it is
   * given up: what it writes is committed with that, or neither is.
   */
  readonly onUnreadable: (row: UnreadableRow) => Promise<void>;
}

/** Where it is, PHI-free. */
export interface UnreadableRow {
  readonly table: string;
  readonly id: string;
  readonly trace: string;
  /** When a person had it tried again, Unix ms; left out: never. */
  readonly retriedAt?: number;
}
