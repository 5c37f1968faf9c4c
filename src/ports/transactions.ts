/** One database transaction around several repository calls. */
export interface Transactions {
  /**
   * Runs `work`; every repository call inside it (also behind awaits) belongs to one transaction, committed when `work`
   * returns and rolled back when it throws. Nested calls join the outer transaction.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `hook` after the surrounding transaction committed, or at once where there is none. */
  afterCommit(hook: () => void): void;
}
