/** A member of staff who joins every room that a bridge invites her to, at the least cost: no client, no sync. Her keys belong to another device. */
import type { Account } from '../src/cli/demo/synapse.ts';
import { Client } from './client.ts';
import type { Exchange, TimingProxy } from './timing-proxy.ts';

/** Joins until `stop`. */
export class Staff {
  readonly #url: string;
  readonly #userId: string;
  readonly #token: string;
  readonly #proxy: TimingProxy;
  readonly #client = new Client();
  readonly #failed = Promise.withResolvers<never>();

  private constructor(url: string, userId: string, token: string, proxy: TimingProxy) {
    this.#url = url;
    this.#userId = userId;
    this.#token = token;
    this.#proxy = proxy;
    this.#failed.promise.catch(() => undefined);
    proxy.on('exchange', this.#see);
  }

  /** `proxy` is the one through which the bridge invites. */
  static async login(url: string, { userId, password }: Account, proxy: TimingProxy): Promise<Staff> {
    const client = new Client();
    const answer = await client.json('POST', `${url}/_matrix/client/v3/login`, undefined, {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
    });
    client.close();
    return new Staff(url, userId, (answer as { access_token: string }).access_token, proxy);
  }

  /** Rejects when joining fails; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  stop(): void {
    this.#proxy.off('exchange', this.#see);
    this.#client.close();
  }

  readonly #see = ({ kind, url, status, requestBody }: Exchange): void => {
    if (kind !== 'POST /rooms/{id}/invite' || status !== 200) return;
    if ((JSON.parse(requestBody.toString()) as { user_id?: string }).user_id !== this.#userId) return;
    const path = `/_matrix/client/v3/join/${/\/rooms\/([^/]+)\//.exec(url)?.[1] ?? ''}`;
    this.#client.json('POST', this.#url + path, this.#token).catch((error: Error) => this.#failed.reject(error));
  };
}
