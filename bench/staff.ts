/** A member of staff who joins every room that she is invited to, at the least cost: no client, no keys. Her keys belong to another device. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from '../src/cli/demo/synapse.ts';
import { Client } from './client.ts';

interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: { readonly invite?: Readonly<Record<string, unknown>> };
}

const NOTHING = { types: [], limit: 0 };
const FILTER = JSON.stringify({
  presence: NOTHING,
  account_data: NOTHING,
  room: { timeline: NOTHING, state: NOTHING, ephemeral: NOTHING, account_data: NOTHING },
});
const EVERY_MS = 100;

/** Joins until `stop`. */
export class Staff {
  readonly #url: string;
  readonly #token: string;
  readonly #client = new Client();
  readonly #running: Promise<void>;
  #isStopping = false;
  /** Rejects when joining fails; never resolves. */
  readonly failed: Promise<never>;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#running = this.#run();
    this.failed = this.#running.then(() => new Promise<never>(() => undefined));
    this.failed.catch(() => undefined);
  }

  static async login(url: string, { userId, password }: Account): Promise<Staff> {
    const client = new Client();
    const answer = await client.json('POST', `${url}/_matrix/client/v3/login`, undefined, {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
    });
    client.close();
    return new Staff(url, (answer as { access_token: string }).access_token);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running.catch(() => undefined);
    this.#client.close();
  }

  async #run(): Promise<void> {
    let since = '';
    while (!this.#isStopping) {
      const query = new URLSearchParams({ filter: FILTER, timeout: '0', ...(since !== '' && { since }) });
      const sync = (await this.#call('GET', `/sync?${query}`)) as SyncAnswer;
      since = sync.next_batch;
      const invited = Object.keys(sync.rooms?.invite ?? {});
      await Promise.all(invited.map((roomId) => this.#call('POST', `/join/${encodeURIComponent(roomId)}`)));
      if (invited.length === 0) await sleep(EVERY_MS);
    }
  }

  #call(method: string, path: string): Promise<object> {
    return this.#client.json(method, `${this.#url}/_matrix/client/v3${path}`, this.#token);
  }
}
