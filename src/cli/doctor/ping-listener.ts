import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { ListenAddress } from '../../config/config.ts';
import { isSameSecret } from '../../sms/secret.ts';

const MAX_BODY_BYTES = 4_096;

/** Stands in for the bridge while it is not running, and answers pings alone. */
export class PingListener implements AsyncDisposable {
  readonly #seen = new Set<string>();
  readonly #hsToken: string;
  readonly #server: Server;

  private constructor(hsToken: string) {
    this.#hsToken = hsToken;
    this.#server = createServer((request, response) => {
      void this.#statusOf(request).then((status) => {
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end('{}');
      });
    });
  }

  /** Listens; returns the system's error code where that cannot be done, `EADDRINUSE` where the bridge is running. */
  static async open({ host, port }: ListenAddress, hsToken: string): Promise<PingListener | { readonly code: string }> {
    const listener = new PingListener(hsToken);
    try {
      await new Promise<void>((resolve, reject) => {
        listener.#server.once('error', reject);
        listener.#server.listen(port, host, resolve);
      });
      return listener;
    } catch (error) {
      return { code: (error as NodeJS.ErrnoException).code ?? 'unknown' };
    }
  }

  /** True where the ping with this id arrived here. */
  readonly hasSeen = (transactionId: string): boolean => this.#seen.has(transactionId);

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #statusOf(request: IncomingMessage): Promise<number> {
    // A transaction must not be taken: what is answered 200 is never sent again.
    if (request.method !== 'POST' || request.url?.split('?')[0] !== '/_matrix/app/v1/ping') return 503;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!isSameSecret(token, this.#hsToken)) return 403;
    try {
      const id = (JSON.parse(await bodyOf(request)) as { transaction_id?: unknown }).transaction_id;
      if (typeof id === 'string') this.#seen.add(id);
      return 200;
    } catch {
      return 400;
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new RangeError('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
