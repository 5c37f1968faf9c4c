import type { ParkedRow } from '../model/parked.ts';
import type { Violation } from '../model/violation.ts';

/** Whether what was given up may be dropped, or undefined where it may: anything but a STOP that was not acted on. */
export function mayDrop({ kind, keyword }: Pick<ParkedRow, 'kind' | 'keyword'>): Violation | undefined {
  return kind === 'keywords' && keyword === 'stop' ? STOP : undefined;
}

const STOP: Violation = {
  code: 'opt-out-open',
  message: 'a STOP is never dropped before it has been acted on. Try it again.',
};
