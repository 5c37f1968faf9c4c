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
  /** A row was given up, since it cannot be decrypted: it must not hold up the others. */
  readonly onUnreadable: (row: UnreadableRow) => void;
}

/** Where it is, PHI-free. */
export interface UnreadableRow {
  readonly table: string;
  readonly trace: string;
}
