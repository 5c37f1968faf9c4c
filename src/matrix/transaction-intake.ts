/** What the homeserver calls: transactions, the ping, and questions about users and aliases (application service API, section 2). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import type { MatrixEvent } from '../model/rows.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import { readTransactionBody } from './transaction-body.ts';

/** What the intake needs. */
export interface TransactionIntakeParts {
  /** The token that the homeserver proves itself with. */
  readonly hsToken: string;
  readonly store: Pick<MatrixEventStore, 'addTransaction'>;
  /** Only such events are stored. */
  readonly isInteresting: (event: MatrixEvent) => boolean;
  /** Told of every well-formed event once its transaction is committed, stored or not: for what is kept in memory. */
  readonly observe: (events: readonly MatrixEvent[]) => void;
  /** Told that rows were committed. */
  readonly onCommitted: () => void;
  /** Told that a commit failed; the homeserver was asked to try again later. */
  readonly onFault?: (error: unknown) => void;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Synapse sends at most 100 events a transaction, 64 KiB each, and a state event's predecessor of the same size in `unsigned`: 13 MiB. A body that we
 * refuse for its size would be repeated for ever and stop all delivery, so there is room to spare.
 */
export const MAX_TRANSACTION_BYTES = 32 * 1024 * 1024;

/** The body of an answer is `{}` or a Matrix error. */
interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const OK: Answer = { status: 200, body: {} };

/** Answers the homeserver. Nothing is acknowledged before it is committed. */
export class TransactionIntake {
  readonly #parts: TransactionIntakeParts;
  readonly #tokenHash: Buffer;
  /** Transactions being committed, so that a repetition that overtakes the answer waits for the same commit. */
  readonly #committing = new Map<string, Promise<void>>();
  readonly #pings: string[] = [];

  constructor(parts: TransactionIntakeParts) {
    this.#parts = parts;
    this.#tokenHash = sha256(parts.hsToken);
  }

  /** A request listener for `node:http`. Never throws. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    // A client that goes away in the middle is its own affair: an uncommitted transaction will be repeated.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    this.#answer(request).then(
      (answer) => answer && send(request, response, answer),
      (error: unknown) => {
        this.#parts.log.error('homeserver.request-failed', { error });
        send(request, response, refusal(500, 'M_UNKNOWN', 'Internal error.'));
      },
    );
  };

  /** True where the homeserver's ping with this transaction id arrived here, and not at some other process. */
  hasSeenPing(transactionId: string): boolean {
    return this.#pings.includes(transactionId);
  }

  /** The answer, or undefined where the client went away. */
  async #answer(request: IncomingMessage): Promise<Answer | undefined> {
    const url = URL.parse(request.url ?? '', 'http://localhost');
    const [, name = '', parameter] = PATH.exec(url?.pathname ?? '') ?? [];
    const route = ROUTES.get(name);
    if (url === null || route === undefined || (parameter !== undefined) !== route.hasParameter) {
      return refusal(404, 'M_UNRECOGNIZED', 'There is nothing at this address.');
    }
    const token = readToken(request, url);
    if (token === undefined) return refusal(401, 'M_UNAUTHORIZED', 'The token is missing.');
    if (!timingSafeEqual(sha256(token), this.#tokenHash)) return refusal(403, 'M_FORBIDDEN', 'The token is wrong.');
    if (request.method !== route.method) return refusal(405, 'M_UNRECOGNIZED', `Use ${route.method}.`);
    switch (name) {
      case 'transactions':
        return this.#transaction(request, parameter ?? '');
      case 'ping':
        return this.#ping(request);
      default:
        // Ghosts and aliases in our namespace are made by us alone, never because somebody asked for one.
        return refusal(404, 'M_NOT_FOUND', 'There is no such user or room.');
    }
  }

  async #transaction(request: IncomingMessage, parameter: string): Promise<Answer | undefined> {
    const txnId = decode(parameter);
    if (txnId === undefined) return refusal(400, 'M_INVALID_PARAM', 'The transaction id is malformed.');
    const bytes = await readBody(request);
    if (!Buffer.isBuffer(bytes)) return bytes;
    const body = readTransactionBody(bytes);
    if ('refused' in body) {
      this.#parts.log.warn('transaction.refused', { code: body.refused, size: bytes.length });
      return refusal(400, body.refused, body.problem);
    }
    if (body.malformed > 0) this.#parts.log.warn('transaction.malformed-events', { count: body.malformed });
    const key = transactionKey(txnId, body.events);
    try {
      await this.#commitOnce(key, body.events);
      return OK;
    } catch (error) {
      this.#parts.log.error('transaction.not-stored', { error, count: body.events.length });
      this.#parts.onFault?.(error);
      return refusal(503, 'M_UNKNOWN', 'The transaction could not be stored. Try again.');
    }
  }

  #commitOnce(key: string, events: readonly MatrixEvent[]): Promise<void> {
    const running = this.#committing.get(key);
    if (running) return running;
    const commit = this.#commit(key, events).finally(() => this.#committing.delete(key));
    this.#committing.set(key, commit);
    return commit;
  }

  async #commit(key: string, events: readonly MatrixEvent[]): Promise<void> {
    const { store, isInteresting, observe, onCommitted, log, now = Date.now } = this.#parts;
    const rows = events.filter(isInteresting);
    if (rows.length === 0) return observe(events);
    const isNew = await store.addTransaction(key, rows, now());
    log.debug(isNew ? 'transaction.stored' : 'transaction.repeated', { count: rows.length });
    if (!isNew) return;
    observe(events);
    onCommitted();
  }

  async #ping(request: IncomingMessage): Promise<Answer | undefined> {
    const bytes = await readBody(request);
    if (!Buffer.isBuffer(bytes)) return bytes;
    const ping = readPing(bytes);
    if (ping === undefined) return refusal(400, 'M_NOT_JSON', 'The body is not a JSON object.');
    const { transactionId } = ping;
    if (transactionId !== undefined) {
      this.#pings.push(transactionId);
      if (this.#pings.length > MAX_PINGS) this.#pings.shift();
    }
    return OK;
  }
}

const MAX_PINGS = 20;

/** Also the paths without prefix, which older homeservers use. */
const PATH = /^\/(?:_matrix\/app\/v1\/)?(transactions|ping|users|rooms)(?:\/([^/]+))?$/;

const ROUTES = new Map([
  ['transactions', { method: 'PUT', hasParameter: true }],
  ['users', { method: 'GET', hasParameter: true }],
  ['rooms', { method: 'GET', hasParameter: true }],
  ['ping', { method: 'POST', hasParameter: false }],
]);

/**
 * A homeserver that was set up anew counts its transactions from 1 again; by its number alone such a transaction would pass for a repetition and be
 * lost. The ids of its events tell it apart. (The bytes do not: `age` differs in each repetition.)
 */
function transactionKey(txnId: string, events: readonly MatrixEvent[]): string {
  return `${txnId}.${sha256(events.map((event) => event.event_id).join('\n')).toString('hex', 0, 8)}`;
}

function readToken(request: IncomingMessage, url: URL): string | undefined {
  const { authorization } = request.headers;
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  // A header that is there counts, however wrong; the query is what homeservers did before version 1.4 of the specification.
  return authorization === undefined ? (url.searchParams.get('access_token') ?? undefined) : bearer;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The transaction id, where it is one that any database can keep. */
function decode(parameter: string): string | undefined {
  try {
    const text = decodeURIComponent(parameter);
    return /^[\x21-\x7e]{1,200}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The whole body; an answer where it is too large; undefined where the client went away before its end. */
async function readBody(request: IncomingMessage): Promise<Buffer | Answer | undefined> {
  const tooLarge = refusal(413, 'M_TOO_LARGE', `The body has more than ${MAX_TRANSACTION_BYTES} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > MAX_TRANSACTION_BYTES) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve } = Promise.withResolvers<Buffer | Answer | undefined>();
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_TRANSACTION_BYTES) return chunks.push(chunk);
    chunks.length = 0;
    return resolve(tooLarge);
  });
  request.on('end', () => resolve(Buffer.concat(chunks)));
  request.on('close', () => resolve(undefined));
  return promise;
}

/** The ping's id, where it has one, or undefined where the body is none of a ping. */
function readPing(bytes: Buffer): { readonly transactionId: string | undefined } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
    const { transaction_id: id } = body as { transaction_id?: unknown };
    return { transactionId: typeof id === 'string' && id.length <= 200 ? id : undefined };
  } catch {
    return undefined;
  }
}

function refusal(status: number, errcode: string, error: string): Answer {
  return { status, body: { errcode, error } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
  // What is left of a refused body is let run out unread; the server's request timeout bounds it.
  request.resume();
}
