import type { CarrierEvent, WebhookOutcome, WebhookRequest } from '../../ports/sms-carrier.ts';
import { isSameSecret } from '../secret.ts';

/** Longest id we take from a callback; Kannel's are UUIDs, ours are shorter. */
const MAX_ID_LENGTH = 64;

type Report = Extract<CarrierEvent, { kind: 'report' }>;

/** Reads `<secret>/mo` (a patient's text) and `<secret>/dlr` (a delivery report). The secret is compared before anything else is looked at. */
export function readKannelWebhook(request: WebhookRequest, secret: string): WebhookOutcome {
  const [givenSecret = '', kind, ...rest] = request.path.split('/');
  if (!isSameSecret(decode(givenSecret), secret)) return { refused: 401, detail: 'wrong secret' };
  if (rest.length > 0) return { refused: 404, detail: 'unknown path' };
  if (kind === 'mo') return readMessage(request);
  if (kind === 'dlr') return readReport(request);
  return { refused: 404, detail: 'unknown path' };
}

function readMessage({ method, query, headers, body }: WebhookRequest): WebhookOutcome {
  if (method !== 'POST') return { refused: 405, detail: 'use post-url, which keeps the text out of URLs' };
  const id = query.get('id') ?? '';
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  if (!isId(id)) return { refused: 400, detail: 'no id=%I in post-url' };
  if (from === '' || to === '') return { refused: 400, detail: 'no from=%p or to=%P in post-url' };
  const contentType = headers['content-type'] ?? '';
  if (query.get('coding') === '1' || contentType.startsWith('application/octet-stream')) {
    return { ignored: true, detail: 'binary message' };
  }
  const charset = /charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? query.get('charset') ?? 'UTF-8';
  // `omit-empty` leaves the parameter out where post-url asks for the text, and the body is always there.
  const text = body.length > 0 ? decodeText(body, charset) : (query.get('text') ?? '');
  if (text === undefined) return { refused: 400, detail: 'unknown charset; set mo-recode = true' };
  return { event: { kind: 'message', carrierMessageId: id, from, to, text, media: [] } };
}

/** A text with a few wrong bytes is still a patient's text: they become U+FFFD. */
function decodeText(body: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { ignoreBOM: false }).decode(body);
  } catch {
    return undefined;
  }
}

function readReport({ method, query }: WebhookRequest): WebhookOutcome {
  if (method !== 'GET' && method !== 'POST') return { refused: 405, detail: 'use GET' };
  const outboxId = query.get('ref') ?? '';
  const type = query.get('type') ?? '';
  if (!isId(outboxId) || !/^\d{1,3}$/.test(type)) return { refused: 400, detail: 'no ref or type' };
  const report = reportOf(Number(type));
  if (report === undefined) return { ignored: true, detail: `report of type ${type}` };
  return { event: { kind: 'report', reference: { outboxId }, ...report } };
}

/** Kannel's bits, the most telling first: 1 delivered, 2 undelivered, 16 refused by the network, 8 taken by it, 4 waiting there. */
function reportOf(type: number): Pick<Report, 'state' | 'failure'> | undefined {
  if (type & 1) return { state: 'delivered' };
  if (type & 2) return { state: 'failed', failure: 'unreachable' };
  if (type & 16) return { state: 'failed', failure: 'other' };
  if (type & 8) return { state: 'sent' };
  if (type & 4) return { state: 'accepted' };
  return undefined;
}

function isId(text: string): boolean {
  return text.length <= MAX_ID_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
