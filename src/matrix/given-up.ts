import { RetryableError } from '../errors.ts';

/**
 * The answer, or RetryableError as soon as `signal` aborts: for requests of a library that cannot be broken off. `attempt` completes the sentence
 * "Could not ...".
 */
export async function orGivenUp<T>(attempt: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(givenUp(attempt));
  if (signal.aborted) throw givenUp(attempt);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([ask(), promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** That nobody waits for the answer any more. */
export function givenUp(attempt: string): RetryableError {
  return new RetryableError(`Could not ${attempt}: given up.`);
}
