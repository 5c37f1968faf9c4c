/** Proves that homeserver and bridge reach each other, and makes a homeserver that had given up on us try again at once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { askHomeserver, type HomeserverAnswer } from './ask-homeserver.ts';

/** Whom to ping. */
export interface PingTarget {
  readonly homeserverUrl: string;
  /** Id of the registration. */
  readonly appserviceId: string;
  readonly asToken: string;
  /** Where the homeserver reaches us, for the sentences. */
  readonly appserviceUrl: string;
  /** True where the ping with this id arrived at this very process. Left out by a process that does not listen. */
  readonly hasSeenPing?: (transactionId: string) => boolean;
}

/** What became of a ping. `sentence` says what is wrong and what to do; `code` is Matrix's error code or one of ours. */
export type PingResult =
  | { readonly isOk: true; readonly durationMs: number }
  | { readonly isOk: false; readonly code: string; readonly sentence: string };

/** Synapse waits up to 60 s for our side. ms. */
const TIMEOUT_MS = 70_000;

/** Asks the homeserver to ping us (`POST /_matrix/client/v1/appservice/{id}/ping`, specification 1.7). */
export async function pingAppservice(target: PingTarget, signal?: AbortSignal): Promise<PingResult> {
  const transactionId = randomUUID();
  const answer = await askHomeserver(
    target.homeserverUrl,
    `/_matrix/client/v1/appservice/${encodeURIComponent(target.appserviceId)}/ping`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${target.asToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ transaction_id: transactionId }),
      ...(signal && { signal }),
    },
    TIMEOUT_MS,
  );
  const failure = explain(answer, target);
  if (failure) return { isOk: false, ...failure };
  if (target.hasSeenPing?.(transactionId) === false) {
    return {
      isOk: false,
      code: 'OTHER_PROCESS',
      sentence: `Something else than this process answers the homeserver at ${target.appserviceUrl}. Stop the other one, or correct appservice.url.`,
    };
  }
  const duration = 'body' in answer ? answer.body['duration_ms'] : undefined;
  return { isOk: true, durationMs: typeof duration === 'number' ? duration : 0 };
}

interface Failure {
  readonly code: string;
  readonly sentence: string;
}

function explain(answer: HomeserverAnswer, { homeserverUrl, appserviceUrl }: PingTarget): Failure | undefined {
  if ('unreachable' in answer) {
    const sentence = `The homeserver cannot be reached at ${homeserverUrl} (${answer.unreachable}). Start it or correct homeserver.url.`;
    return { code: 'UNREACHABLE', sentence };
  }
  const { status, errcode, body } = answer;
  if (status === 200) return undefined;
  const code = errcode ?? `STATUS_${status}`;
  switch (errcode) {
    case 'M_CONNECTION_FAILED':
      return {
        code,
        sentence: `The homeserver cannot connect to ${appserviceUrl}. Is that address right from the homeserver's machine, and open in its firewall? It is appservice.url, as written in the registration file.`,
      };
    case 'M_CONNECTION_TIMEOUT':
      return {
        code,
        sentence: `The homeserver got no answer from ${appserviceUrl} in time. Look for a firewall or proxy between the two that swallows the connection.`,
      };
    case 'M_BAD_STATUS':
      return { code, sentence: explainStatus(body['status'], appserviceUrl) };
    case 'M_URL_NOT_SET':
      return {
        code,
        sentence:
          'The registration that the homeserver loaded has no url. Give it the present registration file and restart it.',
      };
    case 'M_UNKNOWN_TOKEN':
    case 'M_MISSING_TOKEN':
      return {
        code,
        sentence:
          'The homeserver does not know our as_token. Name the registration file under app_service_config_files in homeserver.yaml, and restart the homeserver.',
      };
    case 'M_FORBIDDEN':
      return {
        code,
        sentence:
          'The homeserver knows our as_token under another id. Two registrations share a token, or the id was changed: give it the present registration file and restart it.',
      };
    case 'M_UNRECOGNIZED':
      return {
        code,
        sentence: `What answers at ${homeserverUrl} does not know appservice pings. Correct homeserver.url, or update the homeserver (Synapse 1.80 or later).`,
      };
    default:
      return { code, sentence: `The homeserver answered ${status} to the ping. Look into its log.` };
  }
}

function explainStatus(status: unknown, appserviceUrl: string): string {
  if (status === 401 || status === 403) {
    return 'The homeserver reaches us with another hs_token than ours. Give it the present registration file and restart it; if it was restarted, restart Carebridge.';
  }
  if (status === 404)
    return `Something else than Carebridge answers at ${appserviceUrl}. Correct appservice.url and the port.`;
  const shown = typeof status === 'number' ? status : 'an error';
  return `What answers at ${appserviceUrl} gave ${shown}. Is a proxy in between, or another program?`;
}

/** Waits before the second, third, ... try; the last one stays. ms. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/**
 * At least this long between a success and the next ping: each makes the homeserver repeat at once what we could not store, and that failing asks
 * for the next ping. ms.
 */
const PAUSE_MS = 2_000;

/** Pings in the background until it succeeds, and again whenever asked. */
export class PingLoop {
  readonly #target: PingTarget;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #isWanted = false;
  #last: PingResult | undefined;
  #okAt = -Infinity;
  #endPause: () => void = () => undefined;

  constructor(target: PingTarget, log: Logger) {
    this.#target = target;
    this.#log = log;
  }

  /** Why the homeserver does not reach us, and what to do; undefined where it does, and before the first result. */
  get problem(): string | undefined {
    return this.#last?.isOk === false ? this.#last.sentence : undefined;
  }

  /** Pings soon, and until it succeeds. Called at start, and when a transaction could not be stored, so that it comes again before long. */
  start(): void {
    if (this.#stop.signal.aborted) return;
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  /** Pings now that the homeserver is there again, without waiting out the pause after a failure. */
  homeserverIsBack(): void {
    this.start();
    this.#endPause();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#isWanted;) {
      await this.#wait(this.#okAt + PAUSE_MS - performance.now());
      if (this.#stop.signal.aborted) break;
      this.#isWanted = false;
      const result = await pingAppservice(this.#target, this.#stop.signal);
      if (this.#stop.signal.aborted) break;
      this.#note(result);
      if (result.isOk) {
        failures = 0;
        continue;
      }
      this.#isWanted = true;
      const pause = new AbortController();
      this.#endPause = () => pause.abort();
      await this.#wait(WAITS_MS[Math.min(failures++, WAITS_MS.length - 1)] ?? 0, pause.signal);
      if (this.#stop.signal.aborted) break;
    }
    // Here, and not when the promise is looked at: a `start` in between would be lost.
    this.#running = undefined;
  }

  #note(result: PingResult): void {
    const before = this.#last;
    this.#last = result;
    if (result.isOk) {
      this.#okAt = performance.now();
      return this.#log.info('homeserver.ping-ok', { ms: result.durationMs });
    }
    const isNews = before === undefined || before.isOk || before.code !== result.code;
    // The same finding every half minute would bury the rest of the log.
    this.#log[isNews ? 'error' : 'debug']('homeserver.ping-failed', { code: result.code, detail: result.sentence });
  }

  /** Until the time is over, or one of the signals is given. */
  async #wait(ms: number, ...ends: AbortSignal[]): Promise<void> {
    if (ms <= 0) return;
    await sleep(ms, undefined, { signal: AbortSignal.any([this.#stop.signal, ...ends]) }).catch(() => undefined);
  }
}
