import type { Change } from '../ports/accounts.ts';

/** Several changes as one: done where all are, with all that was verified, and every problem. */
export function sumOfChanges(changes: readonly Change[]): Change {
  const problems = changes.flatMap(({ problem }) => problem ?? []);
  return {
    done: changes.every(({ done }) => done),
    verified: changes.flatMap(({ verified }) => verified),
    ...(problems.length > 0 && { problem: problems.join(' ') }),
  };
}
