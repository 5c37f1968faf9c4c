import { setTimeout as sleep } from 'node:timers/promises';
import { httpCall } from '../http-call.ts';
import type { WebhookBody } from './protocol.ts';
import { signatureHeaders } from './signature.ts';

/** How it calls. Times in ms. */
export interface WebhookCallerOptions {
  /** `<publicUrl>/carriers/<name>/webhook` */
  readonly url: string;
  readonly secret: string;
  /** The wait after the first failure; it doubles up to `maxWaitMs`. */
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
}

/** Time for one call, ms. */
const CALL_TIMEOUT_MS = 15_000;

/** Calls the webhook as a good carrier does: the same body again and again, freshly signed, until it is answered 200. */
export class WebhookCaller {
  readonly #options: WebhookCallerOptions;
  readonly #stopping = new AbortController();
  /** How many calls were not answered 200. */
  failures = 0;

  constructor(options: WebhookCallerOptions) {
    this.#options = options;
  }

  /** Returns true once the webhook answered 200, false where the caller was stopped or `giveUpAfterMs` passed before. */
  async call(content: WebhookBody, giveUpAfterMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { url, secret, minWaitMs, maxWaitMs } = this.#options;
    const stopping = this.#stopping.signal;
    const body = Buffer.from(JSON.stringify(content));
    const deadline = Date.now() + giveUpAfterMs;
    for (let waitMs = minWaitMs; !stopping.aborted; waitMs = Math.min(waitMs * 2, maxWaitMs)) {
      const answer = await httpCall(new URL(url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signatureHeaders(secret, { target: 'webhook', body }) },
        body,
        signal: AbortSignal.any([stopping, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      if (answer.kind === 'answer' && answer.status === 200) return true;
      this.failures += 1;
      if (Date.now() + waitMs > deadline) return false;
      await sleep(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    return false;
  }

  /** Ends every call and waiting. */
  stop(): void {
    this.#stopping.abort();
  }
}
