/** How the rows of a queue end. */
export interface Ending {
  /** SQL that is true where the row has nothing else to wait for once this queue is through with it; left out: always. */
  readonly lastWhen?: string;
  /** Wipe the content with the end, rather than by the sweep. */
  readonly wipeAtOnce: boolean;
}

/** SQL assignments that finish a row, unless another queue of the table has it too. `now` is a bound value. */
export function finished({ lastWhen = 'TRUE', wipeAtOnce }: Ending, now: string): string {
  const wiped = wipeAtOnce ? `, content = CASE WHEN ${lastWhen} THEN NULL ELSE content END` : '';
  return `finished_at = CASE WHEN ${lastWhen} THEN CAST(${now} AS BIGINT) END${wiped}`;
}
