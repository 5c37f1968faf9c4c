/** The adapter of the simulated carrier: for the demo, for tests, and as the pattern for a carrier with an HTTP API. */
import type { CarrierConfig } from '../config/config.ts';
import { PermanentError, RetryableError } from '../errors.ts';
import type { MediaReference } from '../model/rows.ts';
import type {
  CarrierCheck,
  MmsCarrier,
  OutboundMedia,
  OutboundSms,
  SendResult,
  WebhookOutcome,
  WebhookRequest,
} from '../ports/sms-carrier.ts';
import { toPhoneText } from '../model/sms-encoding.ts';
import { httpCall, retryAfterMsOf, type CallResult, type HttpAnswer } from './http-call.ts';
import {
  MAX_MEDIA_BYTES,
  PATHS,
  parseReference,
  parseRefusal,
  parseWebhookBody,
  type SendRequest,
} from './loopback/protocol.ts';
import { signatureHeaders, signatureProblem } from './loopback/signature.ts';

/** The settings of a loopback carrier. */
export type LoopbackConfig = Extract<CarrierConfig, { type: 'loopback' }>;

/** Talks to a `LoopbackSimulator`; every request is signed, both ways. Its webhook is `<publicUrl>/carriers/<name>/webhook`. */
export class LoopbackCarrier implements MmsCarrier {
  readonly name: string;
  readonly maxMediaBytes = MAX_MEDIA_BYTES;
  readonly #url: URL;
  readonly #secret: string;

  constructor(name: string, config: LoopbackConfig) {
    this.name = name;
    this.#url = new URL(config.url);
    this.#secret = config.secret;
  }

  send(message: OutboundSms, signal: AbortSignal): Promise<SendResult> {
    return this.#send(message, [], signal);
  }

  sendMms(message: OutboundSms, media: OutboundMedia, signal: AbortSignal): Promise<SendResult> {
    const { contentType, bytes } = media;
    return this.#send(message, [{ contentType, base64: Buffer.from(bytes).toString('base64') }], signal);
  }

  async fetchMedia({ url }: MediaReference, signal: AbortSignal): Promise<OutboundMedia> {
    const { origin, pathname, search } = this.#resolve(url);
    if (origin !== this.#url.origin || !pathname.startsWith(`${PATHS.media}/`) || search !== '') {
      throw new PermanentError('a picture is not on the carrier’s own host');
    }
    const call = await this.#call('GET', pathname, undefined, signal);
    if (call.kind !== 'answer') throw new RetryableError(`carrier: no picture: ${call.detail}`);
    if (call.isTruncated) throw new PermanentError('a picture is larger than the carrier may send');
    if (call.status >= 500 || call.status === 429) throw retryable(call);
    if (call.status !== 200) throw new PermanentError(`carrier: no picture: HTTP ${call.status}`);
    // A connection that broke off also ends the body.
    if (call.body.length !== Number(call.headers['content-length']))
      throw new RetryableError('carrier: half a picture');
    const contentType = call.headers['content-type'] ?? 'application/octet-stream';
    return { contentType, bytes: call.body };
  }

  readWebhook({ method, path, headers, body }: WebhookRequest): WebhookOutcome {
    const problem = signatureProblem(this.#secret, { target: 'webhook', body }, headers);
    if (problem !== undefined) return { refused: 401, detail: problem };
    if (path !== 'webhook') return { refused: 404, detail: 'unknown path' };
    if (method !== 'POST') return { refused: 405, detail: 'use POST' };
    const content = parseWebhookBody(body);
    if (content === undefined) return { refused: 400, detail: 'not a message or report' };
    if (content.kind === 'report') {
      const { id: outboxId, ...rest } = content;
      return { event: { ...rest, reference: { outboxId } } };
    }
    const { id: carrierMessageId, ...rest } = content;
    return { event: { ...rest, carrierMessageId } };
  }

  async check(signal: AbortSignal): Promise<readonly CarrierCheck[]> {
    const tried = `to ask the simulated carrier at ${this.#url.origin} for its state`;
    const call = await this.#call('GET', PATHS.status, undefined, signal);
    if (call.kind !== 'answer') {
      return [{ ok: false, tried, result: `no answer (${call.detail})`, fix: 'Start it, or correct url.' }];
    }
    if (call.status === 401) {
      const fix = 'Give both sides the same secret, and the right time.';
      return [{ ok: false, tried, result: 'our signature was refused', fix }];
    }
    if (call.status !== 200) return [{ ok: false, tried, result: `HTTP ${call.status}`, fix: 'Correct url.' }];
    return [{ ok: true, tried, result: 'running' }];
  }

  async #send(message: OutboundSms, media: SendRequest['media'], signal: AbortSignal): Promise<SendResult> {
    const text = toPhoneText(message.text);
    if (text === '' && media.length === 0) return { outcome: 'refused', reason: 'other', detail: 'the text is empty' };
    const { id, from, to } = message;
    const request: SendRequest = { id, from, to, text, media };
    return sendResultOf(await this.#call('POST', PATHS.messages, request, signal));
  }

  #resolve(url: string): URL {
    try {
      return new URL(url, this.#url);
    } catch (cause) {
      throw new PermanentError('the carrier named a picture that has no address', { cause });
    }
  }

  #call(method: 'GET' | 'POST', path: string, json: SendRequest | undefined, signal: AbortSignal): Promise<CallResult> {
    const body = Buffer.from(json === undefined ? '' : JSON.stringify(json));
    const headers = {
      ...signatureHeaders(this.#secret, { target: `${method} ${path}`, body }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    };
    return httpCall(new URL(path, this.#url), { method, headers, body, signal, maxBytes: MAX_MEDIA_BYTES });
  }
}

function sendResultOf(call: CallResult): SendResult {
  if (call.kind === 'not-connected') return { outcome: 'not-sent', detail: `no connection: ${call.detail}` };
  if (call.kind === 'broken') return { outcome: 'unknown', detail: `no answer: ${call.detail}` };
  const { status, body } = call;
  const detail = `HTTP ${status}`;
  if (status === 202) {
    const carrierReference = parseReference(body);
    return { outcome: 'accepted', ...(carrierReference !== undefined && { carrierReference }) };
  }
  if (status === 503 || status === 429) {
    const retryAfterMs = retryAfterMsOf(call);
    return { outcome: 'not-sent', detail, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (status === 422) return { outcome: 'refused', reason: parseRefusal(body), detail };
  if (status >= 500) return { outcome: 'unknown', detail };
  return { outcome: 'refused', reason: 'configuration', detail };
}

function retryable(answer: HttpAnswer): RetryableError {
  const retryAfterMs = retryAfterMsOf(answer);
  return new RetryableError(
    `carrier: no picture: HTTP ${answer.status}`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}
