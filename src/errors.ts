/**
 * The only error classes that other code branches on. An expected outcome is a value, never one of these.
 *
 * Every message is written by us and must be free of PHI and secrets: no number, name, message text or token. `isPhiFree` says so to
 * the log, which writes no other error's message.
 * What a third party said goes into `cause`, of which the log shows name and code alone.
 */

/** A fault that may pass: the queue tries again, not before `retryAfterMs` when it is given. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  readonly isPhiFree = true;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A fault that no repetition mends: the queue parks the row and reports it. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly isPhiFree = true;
}

/** True for what a server or the network did, rather than whoever asked. */
export function isFault(error: unknown): error is RetryableError | PermanentError {
  return error instanceof RetryableError || error instanceof PermanentError;
}

/** One thing wrong with the configuration. `line` and `column` count from 1. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the setting, e.g. `lines[0].number`. */
  readonly key: string;
  readonly problem: string;
  readonly fix: string;
}

/** The program cannot start as it is set up. The message is for the operator and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly isPhiFree = true;
  readonly problems: readonly ConfigProblem[];

  constructor(message: string, problems: readonly ConfigProblem[] = [], options: ErrorOptions = {}) {
    super(message, options);
    this.problems = problems;
  }
}

/** A person asked for something that cannot be done as asked. The message is shown to that person as it is. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly isPhiFree = true;
}
