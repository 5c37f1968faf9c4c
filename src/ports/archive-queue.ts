import type { Said } from '../model/archive.ts';
import type { QueueDepth } from './queue-store.ts';

/** What waits to be archived, in the database of the bridge: committed before the message's own row ends, so that nothing is wiped before. */
export interface ArchiveQueue {
  /** Commits it, with the surrounding transaction where there is one. The same event adds nothing a second time while it waits. */
  add(said: Said): Promise<void>;
  /** The oldest, at most `limit`. */
  next(limit: number): Promise<readonly QueuedSaid[]>;
  /** Takes out what is in the archive, each by its number: another with a lower one may still be committed. */
  remove(seqs: readonly number[]): Promise<void>;
  /** How much waits, and since when; nothing is ever parked here. `now` is Unix ms. */
  depth(now: number): Promise<QueueDepth>;
}

/** One that waits. */
export interface QueuedSaid {
  readonly seq: number;
  readonly said: Said;
}
