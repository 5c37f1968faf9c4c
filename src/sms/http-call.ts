/**
 * One HTTP request that tells how far it got. `fetch` cannot say whether a failed request left; for a text that must not be sent twice, that is the
 * question. Each call has its own connection: on a kept one, a peer that just closed it looks the same as one that took the request and died.
 */
import * as http from 'node:http';
import * as https from 'node:https';

/** answer: a status came. not-connected: nothing can have left. broken: it may have arrived, no status came. `detail` is PHI-free. */
export type CallResult =
  | HttpAnswer
  | { readonly kind: 'not-connected'; readonly detail: string }
  | { readonly kind: 'broken'; readonly detail: string };

/** What the peer said. A body that broke off is as far as it came; `isTruncated` where it was longer than allowed. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly isTruncated: boolean;
}

/** What to ask. */
export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Gives up when aborted. */
  readonly signal: AbortSignal;
  /** Longest body that is read. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024;

/** Makes the request. Never rejects, follows no redirect. */
export function httpCall(url: URL, call: HttpCall): Promise<CallResult> {
  const { method, headers, body = new Uint8Array(), signal, maxBytes = DEFAULT_MAX_BYTES } = call;
  if (signal.aborted) return Promise.resolve({ kind: 'not-connected', detail: 'stopped before connecting' });
  return new Promise((resolve) => {
    const isTls = url.protocol === 'https:';
    let isConnected = false;
    const request = (isTls ? https : http).request(url, {
      method,
      headers: { ...headers, ...(method === 'POST' && { 'content-length': String(body.length) }) },
      agent: false,
    });
    const stop = () => request.destroy(Object.assign(new Error('stopped'), { code: 'time-out or stop' }));
    const end = (result: CallResult) => {
      signal.removeEventListener('abort', stop);
      resolve(result);
    };
    signal.addEventListener('abort', stop, { once: true });
    request.once('socket', (socket) => socket.once(isTls ? 'secureConnect' : 'connect', () => (isConnected = true)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const detail = error.code ?? error.name;
      end({ kind: isConnected ? 'broken' : 'not-connected', detail });
    });
    request.once('response', (response) => void readAnswer(response, maxBytes).then(end));
    request.end(body);
  });
}

/** The status has been given and counts, so a body that breaks off is no fault. */
async function readAnswer(response: http.IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  } catch {
    // What came counts.
  }
  response.destroy();
  const { statusCode = 0, headers } = response;
  return { kind: 'answer', status: statusCode, headers, body: Buffer.concat(chunks), isTruncated: size > maxBytes };
}

/** The `Retry-After` of an answer in ms, where it gives seconds. */
export function retryAfterMsOf(answer: HttpAnswer): number | undefined {
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3_600) * 1_000 : undefined;
}
