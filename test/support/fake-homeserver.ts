/** The endpoints that the encryption uses, over real HTTP, with faults on demand. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OlmRequest } from '../../src/matrix/crypto/olm-engine.ts';
import { KeyDirectory } from './key-directory.ts';
import { LocalServer } from './local-server.ts';

/** What becomes of a request. `drop-before`: the connection breaks and nothing was done; `drop-after`: it was done. */
export type Fault =
  | 'drop-before'
  | 'drop-after'
  | { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly user: string;
  readonly deviceId: string | undefined;
  readonly body: string;
}

export interface SentEvent {
  readonly room_id: string;
  readonly event_id: string;
  readonly sender: string;
  readonly type: string;
  readonly content: Record<string, unknown>;
}

const KINDS: Readonly<Record<string, OlmRequest['kind']>> = {
  'keys/upload': 'keys-upload',
  'keys/query': 'keys-query',
  'keys/claim': 'keys-claim',
  'keys/device_signing/upload': 'signing-keys-upload',
  'keys/signatures/upload': 'signatures-upload',
};
/** A held /sync is answered at once when something comes, else after this long. ms. */
const HOLD_MS = 200;

export class FakeHomeserver extends LocalServer {
  readonly directory = new KeyDirectory();
  /** Every request but /sync. */
  readonly requests: SeenRequest[] = [];
  readonly sent: SentEvent[] = [];
  readonly media = new Map<string, Buffer>();
  /** By path. */
  readonly accountData = new Map<string, string>();
  readonly users = new Set<string>();
  readonly devices = new Set<string>();
  /** Asked before each request but /sync. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  syncs = 0;
  syncFault: Fault | undefined;
  readonly #transactions = new Map<string, string>();
  readonly #changed: string[] = [];
  readonly #waiting = new Set<() => void>();

  static async open(): Promise<FakeHomeserver> {
    const homeserver = new FakeHomeserver();
    await homeserver.start();
    return homeserver;
  }

  /** Reports the user in device_lists.changed. */
  change(user: string): void {
    this.#changed.push(user);
    this.wake();
  }

  /** Answers /syncs that are held. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  override async stop(): Promise<void> {
    this.wake();
    await super.stop();
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const path = decodeURIComponent(url.pathname.replace(/^\/_matrix\/(client|media)\/v\d\//, ''));
    const user = url.searchParams.get('user_id') ?? '';
    const deviceId = url.searchParams.get('device_id') ?? undefined;
    if (path === 'sync') return await this.#sync(response, url, user, deviceId ?? '');

    const seen = { method: request.method ?? '', path, user, deviceId, body: body.toString() };
    this.requests.push(seen);
    const fault = this.fault(seen);
    if (fault === 'drop-before') return void request.socket.destroy();
    if (typeof fault === 'object') return this.#respond(response, fault);
    const answer = this.#answer(seen, body);
    if (fault === 'drop-after') return void request.socket.destroy();
    this.#respond(response, answer);
  }

  #respond(
    response: ServerResponse,
    answer: { status?: number; body?: object | string | Buffer; headers?: Record<string, string> },
  ): void {
    const { status = 200, body = {}, headers = {} } = answer;
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(payload);
  }

  #answer(seen: SeenRequest, body: Buffer): { status?: number; body?: object | string | Buffer } {
    const { method, path, user, deviceId = '' } = seen;
    if (path === 'register') return this.#register(seen);
    if (!this.users.has(user)) return { status: 403, body: { errcode: 'M_FORBIDDEN' } };
    if (deviceId && !this.devices.has(user + deviceId)) return { status: 400, body: { errcode: 'M_UNKNOWN_DEVICE' } };
    const kind = KINDS[path];
    if (kind !== undefined) return { body: this.directory.answer(user, deviceId, { kind, body: seen.body }) };
    const [first, second = '', third = '', type = '', txnId = ''] = path.split('/');
    if (first === 'user' && third === 'account_data') return this.#accountData(seen);
    if (first === 'devices') return this.#changeDevice(method, user, second);
    if (first === 'sendToDevice') {
      this.wake();
      return { body: this.directory.answer(user, deviceId, { kind: 'to-device', eventType: second, body: seen.body }) };
    }
    if (first === 'rooms' && third === 'send') return this.#send(seen, second, type, txnId);
    if (path === 'upload') {
      this.media.set(`media${this.media.size}`, body);
      return { body: { content_uri: `mxc://hospital.test/media${this.media.size - 1}` } };
    }
    const media = first === 'media' && second === 'download' ? this.media.get(type) : undefined;
    return media ? { body: media } : { status: 404, body: { errcode: 'M_NOT_FOUND' } };
  }

  #accountData({ method, path, body }: SeenRequest): { status?: number; body?: object | string } {
    if (method === 'PUT') this.accountData.set(path, body);
    const data = this.accountData.get(path);
    return data === undefined ? { status: 404, body: { errcode: 'M_NOT_FOUND' } } : { body: data };
  }

  #register({ body }: SeenRequest): { status?: number; body?: object } {
    const user = `@${(JSON.parse(body) as { username: string }).username}:hospital.test`;
    if (this.users.has(user)) return { status: 400, body: { errcode: 'M_USER_IN_USE' } };
    this.users.add(user);
    return {};
  }

  #changeDevice(method: string, user: string, deviceId: string): { status?: number; body?: object } {
    if (method === 'PUT') this.devices.add(user + deviceId);
    else {
      this.devices.delete(user + deviceId);
      this.directory.users.get(user)?.delete(deviceId);
    }
    return {};
  }

  #send(seen: SeenRequest, roomId: string, type: string, txnId: string): { body: object } {
    const transaction = `${seen.user} ${seen.deviceId ?? ''} ${txnId}`;
    const eventId = this.#transactions.get(transaction) ?? `$event${this.sent.length}`;
    if (!this.#transactions.has(transaction)) {
      this.#transactions.set(transaction, eventId);
      this.sent.push({
        room_id: roomId,
        event_id: eventId,
        sender: seen.user,
        type,
        content: JSON.parse(seen.body) as never,
      });
    }
    return { body: { event_id: eventId } };
  }

  /** `since` is `<number of to-device messages acknowledged>_<number of changes told>`. */
  async #sync(response: ServerResponse, url: URL, user: string, deviceId: string): Promise<void> {
    this.syncs++;
    if (this.syncFault === 'drop-before') return void response.socket?.destroy();
    if (typeof this.syncFault === 'object') return this.#respond(response, this.syncFault);
    const [acknowledged = 0, told = this.#changed.length] = (url.searchParams.get('since') ?? '')
      .split('_')
      .filter(Boolean)
      .map(Number);
    const device = this.directory.device(user, deviceId);
    const isNews = (): boolean => device.inbox.length > acknowledged || this.#changed.length > told;
    if (!isNews() && url.searchParams.get('timeout') !== '0') {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        setTimeout(resolve, HOLD_MS);
      });
    }
    this.#respond(response, {
      body: {
        next_batch: `${device.inbox.length}_${this.#changed.length}`,
        to_device: { events: device.inbox.slice(acknowledged) },
        device_lists: { changed: [...new Set(this.#changed.slice(told))] },
        device_one_time_keys_count: Object.fromEntries(this.directory.counts(user, deviceId)),
        device_unused_fallback_key_types: ['signed_curve25519'],
      },
    });
  }
}
