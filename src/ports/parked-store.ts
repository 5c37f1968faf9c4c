import type { ParkedKind, ParkedRow } from '../model/parked.ts';

/** The rows of one queue that were given up and are kept for a person. */
export interface ParkedStore {
  /** How many there are. */
  count(): Promise<number>;
  /**
   * Those that came after the row numbered `afterSeq` (0: all), in the order in which they came, at most `limit`; with `parkedUntil`, Unix ms, only
   * what was given up by then.
   */
  list(afterSeq: number, limit: number, parkedUntil?: number): Promise<readonly ParkedRow[]>;
  /** Those with this reference. */
  find(reference: string): Promise<readonly ParkedRow[]>;
  /**
   * Puts the row back into its queue, in its place and as if it had never been tried. Returns false, and changes nothing, where it is not parked
   * any more, or cannot be tried: its words are wiped, it has no line, it has left meanwhile.
   */
  retry(id: string, now: number): Promise<boolean>;
  /** Ends the row: from then on it is kept and wiped as any other that is done. Returns false where it is not parked any more. */
  drop(id: string, now: number): Promise<boolean>;
}

/** One for each queue. */
export type ParkedStores = Readonly<Record<ParkedKind, ParkedStore>>;
