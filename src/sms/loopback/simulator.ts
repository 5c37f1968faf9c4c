import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError } from '../../errors.ts';
import type { SimulatorMode } from './mode.ts';
import { Phones, type PhoneText } from './phones.ts';
import { PATHS, type ReportState, type SendRequest } from './protocol.ts';
import { createSimulatorServer } from './server.ts';
import type { PatientText, SendCalls, SendOutcome, SimulatedCarrier } from './simulated-carrier.ts';
import { WebhookCaller } from './webhook-caller.ts';

/** What the carrier is started with. */
export interface SimulatorOptions {
  /** Shared with the adapter. */
  readonly secret: string;
  /** `<publicUrl>/carriers/<name>/webhook` */
  readonly webhookUrl: string;
  /** Our lines, to which the page offers to text. */
  readonly lines?: readonly { readonly number: string; readonly name: string }[];
  /** Phones that are switched on from the start; others appear when they get or send a text. */
  readonly phones?: readonly string[];
  readonly host?: string;
  /** 0 is any free one. */
  readonly port?: number;
  readonly slowMs?: number;
  /** Time between taking a text and each of its reports. */
  readonly reportDelayMs?: number;
  /** Which reports are sent of a text, in this order. */
  readonly reports?: readonly ReportState[];
  /** Waits between tries of a webhook call. */
  readonly retry?: { readonly minWaitMs: number; readonly maxWaitMs: number };
}

/** How long a report is repeated, ms. */
const REPORT_TTL_MS = 5 * 60_000;

/**
 * A carrier that exists only on this machine: patients' phones behind an HTTP API like a real provider's, with switches for what real providers do
 * wrong. It does not recognise a repeated send: like most real carriers it would text the patient twice, and so a double is seen.
 */
export class LoopbackSimulator implements SimulatedCarrier {
  readonly phones = new Phones();
  readonly lines: NonNullable<SimulatorOptions['lines']>;
  readonly secret: string;
  readonly #options: SimulatorOptions;
  readonly #webhook: WebhookCaller;
  readonly #calls = new Map<string, SendCalls>();
  readonly #outgoing = new Map<string, Promise<unknown>>();
  readonly #stopping = new AbortController();
  #server: Server | undefined;
  #callCount = 0;
  #url = '';
  #mode: SimulatorMode = 'normal';

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.lines = options.lines ?? [];
    this.secret = options.secret;
    const { secret, webhookUrl, retry = { minWaitMs: 100, maxWaitMs: 2_000 } } = options;
    this.#webhook = new WebhookCaller({ url: webhookUrl, secret, ...retry });
    for (const phone of options.phones ?? []) this.phones.add(phone);
  }

  /** Listens; afterwards `url` is known. */
  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    const server = await createSimulatorServer(this);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.#server = server;
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  }

  /** Ends the server, its connections and every repetition. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#webhook.stop();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The carrier's API and the patients' page. */
  get url(): string {
    return this.#url;
  }

  get mode(): SimulatorMode {
    return this.#mode;
  }

  setMode(mode: SimulatorMode): void {
    this.#mode = mode;
    this.phones.emit('change');
  }

  /** How many webhook calls were not answered 200. */
  get webhookFailures(): number {
    return this.#webhook.failures;
  }

  /** Counts of every send by outbox id. */
  get sendCalls(): ReadonlyMap<string, SendCalls> {
    return this.#calls;
  }

  /** The outbox ids that reached a phone more than once. */
  doubled(): readonly string[] {
    return [...this.#calls].filter(([, { taken }]) => taken > 1).map(([id]) => id);
  }

  /** What the phone shows, oldest first. */
  texts(phone: string): readonly PhoneText[] {
    return this.phones.texts(phone);
  }

  /**
   * Texts a line as the patient. Resolves with the message's id when the webhook answered 200; rejects when the simulator is stopped before. Texts of
   * one phone arrive in the order in which they were typed.
   */
  async sendFromPatient({ from, to, text, media = [], id = randomUUID() }: PatientText): Promise<string> {
    const pictures = media.map((picture) => this.phones.addPicture(picture));
    const onPhone: PhoneText = {
      id,
      direction: 'from-patient',
      phone: from,
      line: to,
      text,
      pictures,
      at: Date.now(),
      outboxId: undefined,
      state: 'sending',
    };
    this.phones.put(onPhone);
    const content = pictures.map(({ id: picture, contentType }) => ({ url: `${PATHS.media}/${picture}`, contentType }));
    const before = this.#outgoing.get(from) ?? Promise.resolve();
    const call = before.then(() => this.#webhook.call({ kind: 'message', id, from, to, text, media: content }));
    this.#outgoing.set(from, call);
    if (!(await call)) throw new PermanentError('the simulator was stopped before the webhook answered 200');
    this.phones.setState(onPhone, 'delivered');
    return id;
  }

  /** The first text to the phone for which `predicate` is true, now or within `timeoutMs`. */
  waitForText(phone: string, predicate: (text: PhoneText) => boolean, timeoutMs = 15_000): Promise<PhoneText> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.texts(phone).find((text) => text.direction === 'to-patient' && predicate(text));
        if (found === undefined) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        const texts = this.texts(phone).map(({ direction, text, state }) => `${direction} (${state}): ${text}`);
        reject(
          new Error(`Waited ${timeoutMs / 1000} s in vain for a text. The phone shows: ${texts.join(' | ') || 'none'}`),
        );
      }, timeoutMs);
      const end = () => {
        clearTimeout(timer);
        this.phones.off('change', look);
      };
      this.phones.on('change', look);
      look();
    });
  }

  /** Resolves when the adapter's next send has arrived, whatever becomes of it. */
  async waitForCall(): Promise<void> {
    const before = this.#callCount;
    while (this.#callCount === before) await once(this.phones, 'change');
  }

  /** Takes a send or not, as the mode says. For the server, after it checked the signature. */
  async take(request: SendRequest): Promise<SendOutcome> {
    const mode = this.#mode;
    this.#count(request.id, 'calls');
    this.#callCount += 1;
    this.phones.emit('change');
    if (mode === 'refuse') return { status: 422, json: { reason: 'blocked' } };
    if (mode === 'down') return { status: 503, json: { error: 'down' } };
    if (mode === 'slow') await this.#wait(this.#options.slowMs ?? 5_000);
    const reference = randomUUID();
    this.#count(request.id, 'taken');
    const text: PhoneText = {
      id: reference,
      direction: 'to-patient',
      phone: request.to,
      line: request.from,
      text: request.text,
      pictures: request.media.map(({ contentType, base64 }) =>
        this.phones.addPicture({ contentType, bytes: Buffer.from(base64, 'base64') }),
      ),
      at: Date.now(),
      outboxId: request.id,
      state: 'accepted',
    };
    this.phones.put(text);
    void this.#report(text, request.id, mode);
    return mode === 'drop' ? 'drop' : { status: 202, json: { reference } };
  }

  async #report(text: PhoneText, id: string, mode: SimulatorMode): Promise<void> {
    const { reports = ['accepted', 'sent', 'delivered'], reportDelayMs = 0 } = this.#options;
    const states =
      mode === 'undeliverable' ? [...reports.filter((state) => state !== 'delivered'), 'failed' as const] : reports;
    for (const state of states) {
      await this.#wait(reportDelayMs);
      this.phones.setState(text, state);
      await this.#webhook.call(
        { kind: 'report', id, state, ...(state === 'failed' && { failure: 'unreachable' as const }) },
        REPORT_TTL_MS,
      );
    }
  }

  #count(id: string, what: keyof SendCalls): void {
    const counts = this.#calls.get(id) ?? { calls: 0, taken: 0 };
    this.#calls.set(id, { ...counts, [what]: counts[what] + 1 });
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
