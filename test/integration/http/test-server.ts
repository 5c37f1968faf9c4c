import { RetryableError } from '../../../src/errors.ts';
import type { ReadinessCheck } from '../../../src/http/health.ts';
import { createHttpServer, type HttpLimits, type HttpServer } from '../../../src/http/server.ts';
import type { Logger } from '../../../src/log.ts';
import type { DeliveryReport } from '../../../src/services/apply-report.ts';
import type { IncomingSms } from '../../../src/services/receive-sms.ts';
import { createSmsCarriers } from '../../../src/sms/index.ts';
import type { CarrierConfig } from '../../../src/config/config.ts';

export const LOOPBACK_SECRET = 'loopback-secret';
export const KANNEL_SECRET = 'kannel-secret';

const CARRIERS: ReadonlyMap<string, CarrierConfig> = new Map<string, CarrierConfig>([
  ['loopback', { type: 'loopback', url: 'http://127.0.0.1:1', secret: LOOPBACK_SECRET }],
  [
    'kannel',
    {
      type: 'kannel',
      url: 'http://127.0.0.1:1/cgi-bin/sendsms',
      username: 'carebridge',
      password: 'pass',
      smsc: undefined,
      webhookSecret: KANNEL_SECRET,
      statusUrl: undefined,
      statusPassword: undefined,
    },
  ],
]);

/** The real listener with the real adapters; behind it, memory that fails as told. */
export class TestServer {
  readonly messages = new Map<string, IncomingSms>();
  readonly reports: DeliveryReport[] = [];
  readonly logs: string[] = [];
  /** Thrown instead of committing. */
  failure: Error | undefined;
  isReportKnown = true;
  checks: ReadinessCheck[] = [];
  port = 0;
  #gate: () => Promise<void> = () => Promise.resolve();
  readonly #server: HttpServer;

  constructor(limits: HttpLimits = {}) {
    const log =
      (level: string): Logger['info'] =>
      (event, fields) =>
        void this.logs.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
    this.#server = createHttpServer(
      {
        carriers: createSmsCarriers(CARRIERS, 'http://127.0.0.1:9000'),
        receiveSms: (carrier, sms) => this.#commit(() => this.messages.set(`${carrier}:${sms.carrierMessageId}`, sms)),
        applyReport: async (_carrier, report) => {
          if (this.isReportKnown) await this.#commit(() => this.reports.push(report));
          return this.isReportKnown;
        },
        checks: [
          { name: 'all', problem: async () => (await Promise.all(this.checks.map((check) => check.problem())))[0] },
        ],
        metrics: () =>
          Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'texts_total 1\n' }),
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      },
      limits,
    );
  }

  async start(port = 0): Promise<void> {
    this.port = await this.#server.listen({ host: '127.0.0.1', port });
  }

  async stop(graceMs = 0): Promise<void> {
    await this.#server.close(graceMs);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Makes the next commit wait for `release`; `reached` resolves when it does. */
  holdCommits(): { readonly reached: Promise<void>; readonly release: () => void } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#gate = () => {
      reached.resolve();
      return released.promise;
    };
    return { reached: reached.promise, release: () => released.resolve() };
  }

  async #commit(work: () => unknown): Promise<void> {
    await this.#gate();
    if (this.failure) throw this.failure;
    work();
  }
}

export const busy = new RetryableError('the database is locked');
