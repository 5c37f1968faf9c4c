import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppService } from 'matrix-appservice-bridge';

/** A homeserver on the same network sends 13 MiB in far less. ms. */
const REQUEST_TIMEOUT_MS = 60_000;

/** For the headers alone, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
/**
 * How long a connection is kept for the next request. Synapse keeps it for two minutes: where we closed it first, a transaction that is being sent at that
 * moment would fail, and Synapse sends again only two seconds later. ms.
 */
const KEEP_ALIVE_MS = 130_000;
/** How often slow senders are looked for, ms. */
const CHECK_EVERY_MS = 5_000;

/** A commit takes milliseconds; who needs longer is still sending, and will send again. ms. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * The bridge library's HTTP side with our own request listener in place of its express app. Its endpoint for transactions answers before
 * anything is stored, and its body parser runs before the token is looked at and lets invalid UTF-8 pass; routes added to its app come after
 * both. Replacing `listen` is the one way in front of them that is part of its interface.
 */
export class HomeserverListener extends AppService {
  readonly #listener: RequestListener;
  readonly #requestTimeout: number;
  #httpServer: Server | undefined;

  /** `requestTimeoutMs`: within which the whole of a request must arrive; tests shorten it. */
  constructor(hsToken: string, listener: RequestListener, requestTimeoutMs = REQUEST_TIMEOUT_MS) {
    super({ homeserverToken: hsToken });
    this.#listener = listener;
    this.#requestTimeout = requestTimeoutMs;
  }

  override async listen(port: number, hostname: string, backlog: number): Promise<void> {
    const requestTimeout = this.#requestTimeout;
    const times = {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, requestTimeout / 5),
    };
    const server = createServer(times, this.#answer);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: hostname, backlog }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#httpServer = server;
  }

  /** Where it listens: tells the port where any free one was asked for. */
  get address(): AddressInfo | undefined {
    return (this.#httpServer?.address() ?? undefined) as AddressInfo | undefined;
  }

  /** Answers what is under way, then ends. Fine where it never listened. */
  override async close(): Promise<void> {
    const server = this.#httpServer;
    if (server === undefined) return;
    this.#httpServer = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const tooLong = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(tooLong);
  }

  /** Answers, and lets no connection outlive its answer once closing: the homeserver keeps them open for the next transaction. */
  readonly #answer: RequestListener = (request, response) => {
    response.once('close', () => {
      if (this.#httpServer === undefined) request.socket.destroySoon();
    });
    this.#listener(request, response);
  };
}
