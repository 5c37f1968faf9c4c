import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, RetryableError } from '../../errors.ts';
import { MatrixRefusal, parseErrcode } from '../matrix-fault.ts';
import { faultOf, IS_RETRIED, remedyOf } from './admin-fault.ts';

/** A bearer token that may have to be renewed. Never logged, never in a message. */
export interface TokenSource {
  /** What it is of, as in a sentence, e.g. `accounts.admin_token`. */
  readonly credential: string;
  get(): Promise<string>;
  /** Makes a new one after `refused` was not accepted; undefined where there is no other. */
  renew(refused: string): Promise<string | undefined>;
}

/** A token that is what it is. */
export function fixedToken(token: string, credential: string): TokenSource {
  return { credential, get: async () => token, renew: async () => undefined };
}

/** What came back. Whether it is good is for the caller. */
export interface AdminAnswer {
  readonly status: number;
  readonly errcode: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One call of an admin API. `path` is made with `clientPath`. */
export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface AdminHttpOptions {
  /** As in a sentence, e.g. `the homeserver`. */
  readonly server: string;
  readonly url: string;
  readonly token: TokenSource;
  readonly timeoutMs?: number;
  /** How often a call that cannot do harm twice is repeated at once. */
  readonly retries?: number;
}

const TIMEOUT_MS = 10_000;
/** How `AbortSignal.timeout` names its reason. */
const TIMEOUT = 'TimeoutError';
const RETRY_AFTER_MS = 100;
/** A longer wait is for the queue. */
const MAX_PATIENCE_MS = 1_000;

/**
 * A small client for admin APIs, apart from the bridge's own traffic. Returns whatever the server answered below 500; throws RetryableError where it
 * is away or busy, PermanentError where it does not accept the token, also not a new one (an operator mends that). Every call here may be made twice.
 */
export class AdminHttp {
  readonly #options: AdminHttpOptions;
  readonly #base: string;

  constructor(options: AdminHttpOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, '');
  }

  /** `attempt` completes the sentence "Could not ...". */
  async call(attempt: string, call: AdminCall): Promise<AdminAnswer> {
    const { retries = 2 } = this.#options;
    for (let tried = 0; ; tried++) {
      try {
        return await this.#authorized(attempt, call);
      } catch (error) {
        const waitMs = error instanceof RetryableError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : Infinity;
        if (tried >= retries || waitMs > MAX_PATIENCE_MS || isTimeout(error)) throw error;
        await sleep(waitMs);
      }
    }
  }

  /** Like `call`, where only success is expected. */
  async ok(attempt: string, call: AdminCall): Promise<AdminAnswer> {
    const answer = await this.call(attempt, call);
    if (answer.status >= 300) throw this.refused(attempt, answer);
    return answer;
  }

  /** The fault that an answer is which is no success. */
  refused(attempt: string, answer: AdminAnswer): PermanentError | RetryableError {
    const { server, token } = this.#options;
    const { status, errcode, body } = answer;
    const fault = faultOf(answer) ?? 'refused';
    const said = `Could not ${attempt}: ${server} answered ${[status, errcode].filter(Boolean).join(' ')}.`;
    const words = [said, remedyOf(fault, token.credential)].filter(Boolean).join(' ');
    const cause = new MatrixRefusal(errcode, status);
    if (!IS_RETRIED[fault]) return new PermanentError(words, { cause });
    const waitMs = body['retry_after_ms'];
    const isSaid = typeof waitMs === 'number' && waitMs >= 0;
    return new RetryableError(words, { cause, ...(isSaid && { retryAfterMs: waitMs }) });
  }

  /** A token that is not accepted is renewed once. */
  async #authorized(attempt: string, call: AdminCall): Promise<AdminAnswer> {
    const { token } = this.#options;
    const first = await token.get();
    let answer = await this.#once(attempt, call, first);
    if (answer.status === 401) {
      const next = await token.renew(first);
      if (next !== undefined) answer = await this.#once(attempt, call, next);
    }
    const { status } = answer;
    if (status === 401 || status === 429 || status >= 500) throw this.refused(attempt, answer);
    return answer;
  }

  async #once(attempt: string, { method, path, query, body }: AdminCall, token: string): Promise<AdminAnswer> {
    const { server, timeoutMs = TIMEOUT_MS } = this.#options;
    const parameters = query ? `?${new URLSearchParams(query).toString()}` : '';
    let response: Response;
    let parsed: unknown;
    try {
      response = await fetch(this.#base + path + parameters, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      parsed = await response.json().catch(() => undefined);
    } catch (error) {
      throw new RetryableError(`Could not ${attempt}: ${server} cannot be reached (${reasonOf(error)}).`, {
        cause: error,
      });
    }
    const object = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    return { status: response.status, errcode: parseErrcode(object['errcode']), body: object };
  }
}

/** What was waited for that long once is not waited for again: somebody waits for us. */
function isTimeout(error: unknown): boolean {
  return ((error as Error).cause as { name?: string } | undefined)?.name === TIMEOUT;
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  return name === TIMEOUT ? 'timeout' : (parseErrcode(cause?.code) ?? 'no answer');
}
