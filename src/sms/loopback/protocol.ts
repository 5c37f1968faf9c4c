/** What the loopback carrier and we say to each other, as JSON. Each side checks what it reads. */
import type { FailureReason } from '../../model/delivery.ts';
import type { MediaReference } from '../../model/rows.ts';

/** Where the carrier takes texts (POST), tells its state (GET) and hands out pictures (GET `<path>/<id>`). */
export const PATHS = { messages: '/v1/messages', status: '/v1/status', media: '/v1/media' } as const;

/** Largest picture either way. */
export const MAX_MEDIA_BYTES = 5 * 1024 * 1024;

/** A text for a phone: body of `POST /v1/messages`. Answered 202 with the carrier's `reference`, 422 with the `reason` why it will never take it, or 400, 401, 503. */
export interface SendRequest {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly media: readonly { readonly contentType: string; readonly base64: string }[];
}

/** What the carrier posts to our webhook, and repeats until it is answered 200. */
export type WebhookBody =
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly text: string;
      readonly media: readonly MediaReference[];
    }
  | {
      readonly kind: 'report';
      /** The id that the text was sent with. */
      readonly id: string;
      readonly state: ReportState;
      readonly failure?: FailureReason;
    };

/** What the carrier reports of a text that it took. */
export type ReportState = 'accepted' | 'sent' | 'delivered' | 'failed';

/** The send request in `body`, or undefined where it is none. */
export function parseSendRequest(body: Uint8Array): SendRequest | undefined {
  const json = parseJson(body);
  if (!isObject(json)) return undefined;
  const { id, from, to, text, media } = json;
  if (!isId(id) || !isShort(from) || !isShort(to) || typeof text !== 'string') return undefined;
  if (!isArrayOf(media, isSentMedia)) return undefined;
  return { id, from, to, text, media };
}

/** The webhook body in `body`, or undefined where it is none. */
export function parseWebhookBody(body: Uint8Array): WebhookBody | undefined {
  const json = parseJson(body);
  if (!isObject(json) || !isId(json.id)) return undefined;
  const { kind, id } = json;
  if (kind === 'message') {
    const { from, to, text, media } = json;
    if (!isShort(from) || !isShort(to) || typeof text !== 'string') return undefined;
    if (!isArrayOf(media, isMediaReference)) return undefined;
    return { kind, id, from, to, text, media };
  }
  if (kind === 'report') {
    const { state, failure } = json;
    if (!isOneOf(REPORT_STATES, state)) return undefined;
    if (failure !== undefined && !isOneOf(FAILURES, failure)) return undefined;
    return { kind, id, state, ...(failure !== undefined && { failure }) };
  }
  return undefined;
}

/** The reason in a 422 answer. */
export function parseRefusal(body: Uint8Array): FailureReason {
  const json = parseJson(body);
  return isObject(json) && isOneOf(FAILURES, json.reason) ? json.reason : 'other';
}

/** The reference in a 202 answer. */
export function parseReference(body: Uint8Array): string | undefined {
  const json = parseJson(body);
  return isObject(json) && isId(json.reference) ? json.reference : undefined;
}

/** Every reason there is. */
const FAILURES: readonly FailureReason[] = [
  'bad-number',
  'landline',
  'opted-out',
  'blocked',
  'unreachable',
  'configuration',
  'other',
];

const REPORT_STATES: readonly ReportState[] = ['accepted', 'sent', 'delivered', 'failed'];
const MAX_MEDIA = 10;

/** The value of a JSON text in strict UTF-8, or undefined. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** True for what a JSON object becomes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value);
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64;
}

function isOneOf<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.includes(value as T);
}

function isArrayOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_MEDIA && value.every(isItem);
}

function isMediaReference(value: unknown): value is MediaReference {
  return (
    isObject(value) && typeof value.url === 'string' && value.url.length <= 2_048 && isContentType(value.contentType)
  );
}

function isSentMedia(value: unknown): value is SendRequest['media'][number] {
  return isObject(value) && typeof value.base64 === 'string' && isContentType(value.contentType);
}

function isContentType(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z]+\/[a-z0-9.+-]{1,64}$/i.test(value);
}
