/** Stands between bridge and homeserver: sees every request of the bridge, and can hold some of them back. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { LocalServer } from '../../support/local-server.ts';

/** A request that passed. `url` is path and query; `answer` is undefined until there is one. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  answer: string | undefined;
  /** So many requests had been seen when it was answered. */
  answeredAt: number;
}

/** Give its `url` to the bridge in place of the homeserver's. */
export class HomeserverProxy extends LocalServer {
  /** Where requests go. */
  target = '';
  readonly seen: SeenRequest[] = [];
  /** The requests that the homeserver has answered and the bridge has not heard of: path and query. */
  readonly held: string[] = [];
  #isHeld: ((url: string, method: string) => boolean) | undefined;
  #release = Promise.withResolvers<void>();

  static async open(): Promise<HomeserverProxy> {
    const proxy = new HomeserverProxy();
    await proxy.start();
    return proxy;
  }

  /** From now on answers to such requests wait for `release`, those under way too. */
  hold(matches: (url: string, method: string) => boolean): void {
    this.#release = Promise.withResolvers<void>();
    this.#isHeld = matches;
  }

  release(): void {
    this.#isHeld = undefined;
    this.held.length = 0;
    this.#release.resolve();
  }

  /** The devices that room keys were sent to from request `from` on, as `user device`. */
  keysSentTo(from = 0): string[] {
    const bodies = this.seen
      .slice(from)
      .filter(({ method, url }) => method === 'PUT' && url.includes('/sendToDevice/m.room.encrypted/'));
    return bodies.flatMap(({ body }) => {
      const { messages } = JSON.parse(body) as { messages: Record<string, Record<string, unknown>> };
      return Object.entries(messages).flatMap(([user, devices]) =>
        Object.keys(devices).map((device) => `${user} ${device}`),
      );
    });
  }

  /**
   * True once the bridge was told of the device with its owner's signature: what it sends from then on goes to that device too. That one part of the bridge
   * asked for the keys is not enough: a sync of the bot must have been answered that began when they were signed, and the next one begun.
   */
  hasSeenSigned(userId: string, deviceId: string): boolean {
    const signed = this.seen.find(({ url, answer }) => {
      if (answer === undefined || !url.includes('/keys/query')) return false;
      const { device_keys: keys } = JSON.parse(answer) as {
        device_keys?: Record<string, Record<string, { signatures: Record<string, object> }>>;
      };
      // Its own signature, and the one of the owner's self-signing key.
      return Object.keys(keys?.[userId]?.[deviceId]?.signatures[userId] ?? {}).length === 2;
    });
    if (signed === undefined) return false;
    const syncs = this.seen.slice(signed.answeredAt).filter(({ url }) => url.includes('/_matrix/client/v3/sync?'));
    return syncs.slice(0, -1).some(({ answer }) => answer !== undefined);
  }

  override async stop(): Promise<void> {
    this.release();
    await super.stop();
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#pass(request, response).catch(() => response.destroy());
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = 'GET', url = '/' } = request;
    const seen: SeenRequest = { method, url, body: body.toString('latin1'), answer: undefined, answeredAt: Infinity };
    this.seen.push(seen);
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const forwarded = httpRequest(new URL(url, this.target), { method, headers, agent: false });
    response.on('close', () => forwarded.destroy());
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
    if (this.#isHeld?.(url, method)) {
      this.held.push(url);
      await this.#release.promise;
    }
    const { connection: _, 'transfer-encoding': __, ...answerHeaders } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, answerHeaders);
    const whole = Buffer.concat(parts);
    seen.answer = whole.toString('latin1');
    seen.answeredAt = this.seen.length;
    response.end(whole);
  }
}
