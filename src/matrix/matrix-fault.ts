/** What the homeserver refused, reduced to what is known to be free of PHI. */
import { PermanentError, RetryableError } from '../errors.ts';

/** The Matrix error code and HTTP status behind a fault, as its `cause`. What the homeserver wrote beside them is dropped. */
export class MatrixRefusal extends Error {
  override readonly name = 'MatrixRefusal';
  readonly errcode: string | undefined;
  readonly status: number | undefined;

  constructor(errcode: string | undefined, status: number | undefined) {
    super(errcode ?? `status ${status ?? 'none'}`);
    this.errcode = errcode;
    this.status = status;
  }
}

/**
 * The fault that `error`, thrown by the Matrix library, stands for. `attempt` names what was tried, e.g. `create a room`. A homeserver that is
 * away, busy or does not know our token (an operator mends that without anything being lost) is retryable; any other refusal is permanent.
 */
export function toFault(error: unknown, attempt: string): RetryableError | PermanentError {
  if (error instanceof RetryableError || error instanceof PermanentError) return error;
  const { errcode, statusCode, retryAfterMs, code } = facts(error);
  const cause = new MatrixRefusal(errcode, statusCode);
  if (statusCode === undefined) {
    return new RetryableError(`Could not ${attempt}: the homeserver cannot be reached (${code ?? 'no answer'}).`, {
      cause,
    });
  }
  const message = `Could not ${attempt}: the homeserver answered ${statusCode} ${errcode ?? ''}`.trimEnd() + '.';
  if (statusCode === 429)
    return new RetryableError(message, retryAfterMs === undefined ? { cause } : { cause, retryAfterMs });
  if (statusCode >= 500 || statusCode === 401) return new RetryableError(message, { cause });
  return new PermanentError(message, { cause });
}

/** The Matrix error code behind a fault, e.g. `M_ROOM_IN_USE`. */
export function errcodeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof MatrixRefusal ? cause.errcode : undefined;
}

/** The HTTP status behind a fault. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof MatrixRefusal ? cause.status : undefined;
}

/** An error code in the form that the specification gives it, else undefined: nothing else of an answer is repeated. */
export function parseErrcode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9_.]{1,100}$/.test(value) ? value : undefined;
}

function facts(error: unknown) {
  const raw = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return {
    errcode: parseErrcode(raw['errcode']),
    statusCode: typeof raw['statusCode'] === 'number' ? raw['statusCode'] : undefined,
    retryAfterMs: typeof raw['retryAfterMs'] === 'number' && raw['retryAfterMs'] >= 0 ? raw['retryAfterMs'] : undefined,
    code: parseErrcode(raw['code']),
  };
}
