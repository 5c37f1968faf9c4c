/** A forward proxy on loopback that notes when requests came and were answered. All that is compared goes through one. */
import { EventEmitter, once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request with its answer. Times are of `performance.now()`, ms. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Method and path without ids, e.g. `PUT /rooms/{id}/send/m.room.encrypted/{txn}`. */
  readonly kind: string;
  readonly status: number;
  readonly arrivedAt: number;
  readonly answeredAt: number;
  readonly headers: IncomingMessage['headers'];
  /** Empty unless the request is of a kept kind. */
  readonly requestBody: Buffer;
  readonly responseBody: Buffer;
}

/** Requests whose bodies are looked at: events sent, invitations and transactions. */
const KEPT = /^(PUT \/(rooms\/\{id\}\/send|transactions)\/|POST \/rooms\/\{id\}\/invite)/;
/** Below what Synapse grants an idle connection, so that none is used that it is just closing. ms. */
const IDLE_CONNECTION_MS = 20_000;

/** Forwards to one server. Emits `exchange` after each answer. */
export class TimingProxy extends EventEmitter<{ exchange: [Exchange] }> {
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  readonly #server = createServer((request, response) => this.#forward(request, response));
  #counts = new Map<string, number>();
  #isStandIn = false;
  #underWay = 0;
  readonly #left = new EventEmitter<{ left: [] }>();

  constructor(target: string) {
    super();
    this.#target = new URL(target);
    this.#server.keepAliveTimeout = 2 * IDLE_CONNECTION_MS;
  }

  /** Listens on `port` of 127.0.0.1. */
  async start(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** While true every request is answered with 200 and `{}` here, and the server hears of none. */
  standIn(is: boolean): void {
    this.#isStandIn = is;
  }

  /** Resolves when no request is under way. */
  async quiet(): Promise<void> {
    while (this.#underWay > 0) await once(this.#left, 'left');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of each kind came since the last call. */
  takeCounts(): Map<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const arrivedAt = performance.now();
    const { method = 'GET', url = '/', headers } = request;
    const kind = kindOf(method, url);
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#isStandIn) {
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
      return;
    }
    this.#underWay++;
    response.on('close', () => {
      this.#underWay--;
      this.#left.emit('left');
    });
    const isKept = KEPT.test(kind);
    const [asked, answered]: [Buffer[], Buffer[]] = [[], []];

    const upstream = httpRequest({
      host: this.#target.hostname,
      port: this.#target.port,
      agent: this.#agent,
      method,
      path: url,
      headers,
    });
    if (isKept) request.on('data', (chunk: Buffer) => asked.push(chunk));
    request.pipe(upstream);
    response.on('close', () => upstream.destroy());
    upstream.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    upstream.on('response', (answer) => {
      const { statusCode: status = 502 } = answer;
      response.writeHead(status, answer.headers);
      if (isKept) answer.on('data', (chunk: Buffer) => answered.push(chunk));
      answer.pipe(response);
      answer.on('end', () => {
        const [requestBody, responseBody] = [Buffer.concat(asked), Buffer.concat(answered)];
        const answeredAt = performance.now();
        this.emit('exchange', {
          method,
          url,
          kind,
          status,
          arrivedAt,
          answeredAt,
          headers,
          requestBody,
          responseBody,
        });
      });
    });
  }
}

/** `GET /_matrix/client/v3/rooms/!a:b/joined_members?user_id=x` is `GET /rooms/{id}/joined_members`. */
function kindOf(method: string, url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  const segments = path
    .replace(/^\/_matrix\/(client|app|media)\/(unstable\/[^/]+|[a-z]*\d+)/, '')
    .split('/')
    .map((segment) => (/^[!@$#]/.test(decodeURIComponent(segment)) ? '{id}' : segment));
  const [, first = '', , third] = segments;
  const endsInTxn = first === 'sendToDevice' || third === 'send' || third === 'redact' || first === 'transactions';
  if (endsInTxn) segments[segments.length - 1] = '{txn}';
  if (first === 'devices' && segments.length > 2) segments[2] = '{id}';
  return `${method} ${segments.join('/')}`;
}
