/** matrix-js-sdk, loaded only where it is used (the product does not need it) and made silent: it tells the console everything. */
import type * as Sdk from 'matrix-js-sdk';
import type { MatrixClient } from 'matrix-js-sdk';
import type { Logger } from 'matrix-js-sdk/lib/logger.js';

/** Loads matrix-js-sdk. */
export async function loadMatrixSdk(): Promise<typeof Sdk> {
  const { logger } = await import('matrix-js-sdk/lib/logger.js');
  // Parts of the SDK use loggers of their own, which take what makes their output from this one when they are made: so it must be
  // changed before the rest is loaded.
  const root = logger as unknown as { methodFactory: () => () => void; rebuild(): void };
  root.methodFactory = () => () => {};
  root.rebuild();
  return await import('matrix-js-sdk');
}

/** Says nothing. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  getChild: () => silentLogger,
};

/** The part of the SDK's HTTP client that every request passes through. */
interface RequestOptions {
  readonly localTimeoutMs?: number | undefined;
  readonly abortSignal?: AbortSignal | undefined;
}
type Request = (method: string, url: unknown, body?: unknown, options?: RequestOptions) => Promise<unknown>;

/**
 * Lets the process end when its work is done: the SDK never clears the timers of its requests' time-outs, two minutes for each sync.
 * Node's own time-outs keep nothing alive.
 */
export function dropRequestTimers(client: MatrixClient): void {
  const http = client.http as unknown as { requestOtherUrl: Request };
  const request = http.requestOtherUrl.bind(http);
  http.requestOtherUrl = (method, url, body, { localTimeoutMs, abortSignal, ...options } = {}) => {
    const signals = [abortSignal, localTimeoutMs === undefined ? undefined : AbortSignal.timeout(localTimeoutMs)];
    const given = signals.filter((signal) => signal !== undefined);
    return request(method, url, body, { ...options, ...(given.length > 0 && { abortSignal: AbortSignal.any(given) }) });
  };
}

/** The same for encrypted events, each of which is watched for five minutes, lest it turn out to ask for a verification: nobody does here. */
export function dropVerificationTimers(client: MatrixClient): void {
  Object.assign(client.getCrypto() ?? {}, { onLiveEventFromSync: () => Promise.resolve() });
}
