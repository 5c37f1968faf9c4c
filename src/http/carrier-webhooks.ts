import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { CarrierEvent, SmsCarrier, WebhookRequest } from '../ports/sms-carrier.ts';
import type { DeliveryReport } from '../services/apply-report.ts';
import type { IncomingSms } from '../services/receive-sms.ts';

/** What the webhooks need. */
export interface CarrierWebhookParts {
  readonly carriers: ReadonlyMap<string, SmsCarrier>;
  /** Resolves when the text is committed. Throws RetryableError where the carrier should try again. */
  readonly receiveSms: (carrier: string, sms: IncomingSms) => Promise<void>;
  /** Resolves when the report is committed; false where no such text is known yet, so that the carrier should try again. */
  readonly applyReport: (carrier: string, report: DeliveryReport) => Promise<boolean>;
  readonly log: Logger;
}

/** Largest webhook body. Pictures come as addresses, so it is generous. */
const MAX_WEBHOOK_BYTES = 256 * 1024;

/** What a carrier waits before it repeats what could not be taken, seconds. */
const RETRY_AFTER_S = 5;

/**
 * `/carriers/<name>/...`: hands the raw request to that carrier's adapter, which proves who sent it, and answers 200 only after the event is
 * committed. The path is never logged: it may hold a carrier's secret.
 */
export function carrierWebhooks(parts: CarrierWebhookParts): Router {
  const router = express.Router();
  const known: RequestHandler = (request, response, next) => {
    if (parts.carriers.has(carrierNameOf(request))) next();
    else response.status(404).json({ error: 'not found' });
  };
  // Signatures are over the bytes as they came, so nothing is unpacked.
  const rawBody = express.raw({ type: () => true, limit: MAX_WEBHOOK_BYTES, inflate: false });
  router.use(known, rawBody, (request, response) => serve(parts, request, response));
  return router;
}

async function serve(parts: CarrierWebhookParts, request: Request, response: Response): Promise<void> {
  const name = carrierNameOf(request);
  const carrier = parts.carriers.get(name);
  if (carrier === undefined) return;
  const outcome = carrier.readWebhook(webhookRequestOf(request, name));
  if ('refused' in outcome) {
    parts.log.warn('webhook.refused', { carrier: name, status: outcome.refused, detail: outcome.detail });
    response.status(outcome.refused).json({ error: outcome.refused === 404 ? 'not found' : 'refused' });
    return;
  }
  if ('ignored' in outcome) {
    parts.log.warn('webhook.ignored', { carrier: name, detail: outcome.detail });
    response.status(200).json({});
    return;
  }
  if (!(await commit(parts, name, outcome.event))) {
    response.status(503).set('retry-after', String(RETRY_AFTER_S)).json({ error: 'try again' });
    return;
  }
  const { answer } = outcome;
  if (answer === undefined) response.status(200).json({});
  else response.status(200).type(answer.contentType).send(answer.body);
}

/** True once the event is committed, false where the carrier should repeat it. Any other fault is a 500, which carriers repeat as well. */
async function commit(parts: CarrierWebhookParts, carrier: string, event: CarrierEvent): Promise<boolean> {
  try {
    if (event.kind === 'report') return await parts.applyReport(carrier, event);
    await parts.receiveSms(carrier, event);
    return true;
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    parts.log.warn('webhook.not-committed', { carrier, kind: event.kind, error });
    return false;
  }
}

/** `kannel` of `/kannel/s3cret/mo?id=1`, as the router sees it. Names are plain, so nothing is decoded. */
function carrierNameOf(request: Request): string {
  return segmentsOf(request)[0] ?? '';
}

function webhookRequestOf(request: Request, name: string): WebhookRequest {
  const [path = '', query = ''] = request.url.split(/\?(.*)/s, 2);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : value]),
  );
  return {
    method: request.method,
    path: path.slice(1 + name.length + 1),
    query: new URLSearchParams(query),
    headers,
    body: Buffer.isBuffer(request.body) ? request.body : new Uint8Array(),
  };
}

function segmentsOf(request: Request): string[] {
  const path = request.url.split('?', 1)[0] ?? '';
  return path.split('/').slice(1);
}
