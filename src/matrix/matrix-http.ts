/** The client-server API over kept-alive connections: for the hot path, and for every call that needs a device. */
import { Agent as HttpAgent, request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { PermanentError, RetryableError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { givenUp } from './given-up.ts';
import { toFault } from './matrix-fault.ts';

/** Where the homeserver is and who we are to it. */
export interface MatrixHttpOptions {
  /** The client-server API, e.g. `http://127.0.0.1:8008`. */
  readonly url: string;
  readonly asToken: string;
  /** For calls that name no other. ms. */
  readonly timeoutMs?: number;
  /** When it aborts, what is under way fails, and whatever is called later. */
  readonly giveUp?: AbortSignal;
}

/** A call as one of our users. */
export interface MatrixCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Made with `clientPath`. */
  readonly path: string;
  readonly as?: UserId;
  /** The device that the call belongs to. Synapse refuses one that does not exist (M_UNKNOWN_DEVICE). */
  readonly deviceId?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** JSON, ready made or to be made; or bytes. */
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** More than any JSON answer to us needs: /sync with thousands of to-device messages is the largest. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * Calls the homeserver with the as_token, as any of our users. node:http needs half the CPU of `fetch` for each request. Faults are
 * RetryableError (away, busy, rate limited with its `retryAfterMs`) or PermanentError (any other refusal); `errcodeOf` and `statusOf` tell what
 * the homeserver answered. No message ever holds a body or the token.
 */
export class MatrixHttp {
  readonly #base: string;
  readonly #authorization: string;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #request: typeof requestHttp;
  readonly #giveUp: AbortSignal | undefined;

  constructor({ url, asToken, timeoutMs = DEFAULT_TIMEOUT_MS, giveUp }: MatrixHttpOptions) {
    this.#base = url.replace(/\/+$/, '');
    this.#authorization = `Bearer ${asToken}`;
    this.#timeoutMs = timeoutMs;
    const isSecure = url.startsWith('https:');
    this.#agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#request = isSecure ? requestHttps : requestHttp;
    this.#giveUp = giveUp;
    giveUp?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Calls and returns the JSON body. `attempt` completes the sentence "Could not ...". */
  async call(attempt: string, call: MatrixCall): Promise<Record<string, unknown>> {
    return parseObject(await this.text(attempt, call), attempt);
  }

  /** Like `call`, the body as it came: for those who hand it on. */
  async text(attempt: string, call: MatrixCall): Promise<string> {
    const { bytes } = await this.bytes(attempt, call, MAX_JSON_BYTES);
    return bytes.toString('utf8');
  }

  /** Calls and returns the bytes. Throws PermanentError as soon as there are more than `maxBytes`. */
  async bytes(attempt: string, call: MatrixCall, maxBytes: number): Promise<{ bytes: Buffer; contentType: string }> {
    if (this.#giveUp?.aborted) throw givenUp(attempt);
    const signals = [AbortSignal.timeout(call.timeoutMs ?? this.#timeoutMs), ...(call.signal ? [call.signal] : [])];
    const signal = signals.length === 1 ? signals[0] : AbortSignal.any(signals);
    try {
      const response = await this.#open(call, signal);
      const isRefused = (response.statusCode ?? 0) >= 300;
      const bytes = await read(response, isRefused ? MAX_JSON_BYTES : maxBytes, attempt);
      if (isRefused) throw toFault(refusal(response, bytes), attempt);
      return { bytes, contentType: response.headers['content-type'] ?? 'application/octet-stream' };
    } catch (error) {
      if (call.signal?.aborted || this.#giveUp?.aborted) throw givenUp(attempt);
      const isTimeout = signal?.aborted === true;
      throw toFault(isTimeout ? { code: 'timeout' } : error, attempt);
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  #open(call: MatrixCall, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { method, body } = call;
    const payload =
      body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const headers: Record<string, string | number> = { authorization: this.#authorization };
    if (payload !== undefined) {
      headers['content-type'] = payload instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
      headers['content-length'] = Buffer.byteLength(payload);
    }
    const options: RequestOptions = { method, headers, agent: this.#agent, ...(signal && { signal }) };
    return new Promise((resolve, reject) => {
      const request = this.#request(this.#address(call), options, resolve);
      request.on('error', reject);
      request.end(payload);
    });
  }

  #address({ path, as, deviceId, query }: MatrixCall): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, user_id: as, device_id: deviceId }))
      if (value !== undefined) parameters.set(name, value);
    return parameters.size === 0 ? this.#base + path : `${this.#base}${path}?${parameters.toString()}`;
  }
}

async function read(response: IncomingMessage, maxBytes: number, attempt: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection, so that the rest is not even received.
    if (size > maxBytes) throw new PermanentError(`Could not ${attempt}: it is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** In the form that `toFault` reads. */
function refusal(response: IncomingMessage, bytes: Buffer): Record<string, unknown> {
  const { errcode, retry_after_ms: retryAfterMs } = tryParse(bytes.toString('utf8')) ?? {};
  // The header is the newer form (Matrix 1.10); seconds. Its other form, a date, no homeserver uses.
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  const waitMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : retryAfterMs;
  return { statusCode: response.statusCode, errcode, retryAfterMs: waitMs };
}

function parseObject(text: string, attempt: string): Record<string, unknown> {
  const object = tryParse(text);
  if (object === undefined) throw new RetryableError(`Could not ${attempt}: the homeserver's answer is not JSON.`);
  return object;
}

function tryParse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
