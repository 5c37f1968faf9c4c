import type { LineId } from './ids.ts';
import type { Keyword, QueueRow } from './rows.ts';

/** The queues whose rows can be given up, by the names that metrics use. */
export const PARKED_KINDS = ['inbox', 'keywords', 'outbox', 'notices', 'matrix-events'] as const;

/** One of the queues. */
export type ParkedKind = (typeof PARKED_KINDS)[number];

/** A row that was given up and is kept, with nothing of what it says. */
export interface ParkedRow {
  readonly id: string;
  readonly kind: ParkedKind;
  /** Its place in the order in which the rows of its queue came. */
  readonly seq: number;
  /** What the report, the log and the room call it. One message may have left several rows. */
  readonly reference: string;
  /** Why, PHI-free: the name of the fault, or `no-line`, `no-number`, `unreadable`. */
  readonly code: string;
  /** Unix ms. */
  readonly parkedAt: number;
  /** Undefined where the row has to do with no line. */
  readonly lineId: LineId | undefined;
  /** What a patient's text asks for, where it is one of the words that act by themselves. */
  readonly keyword: Keyword | undefined;
  /** Its words are wiped: it cannot be tried again. */
  readonly isWiped: boolean;
}

/** Names one giving-up of a row: what is told of it is told once, and again when it is given up after a retry. */
export function parkingOf({ id, retriedAt }: Pick<QueueRow, 'id' | 'retriedAt'>): string {
  return retriedAt === undefined ? id : `${id}:${retriedAt}`;
}
