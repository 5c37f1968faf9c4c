/** A real Matrix Authentication Service for tests, where the environment names its program and there is a PostgreSQL. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from 'mocha';
import { startChild, type Child } from '../../src/cli/demo/children.ts';
import { startFakeMas } from './fake-mas.ts';
import { freePort } from './free-port.ts';
import { findPostgres, startPostgres } from './postgres.ts';
import { loginInBrowser, loginWithOauth2 } from './mas-pages.ts';
import { skip } from './skip.ts';
import { tempDir } from './temp-dir.ts';
import type { MasLogin, MasSessionKind, TestMas } from './test-mas.ts';
import { waitFor } from './wait-for.ts';

/** Names the program `mas-cli`. What it needs beside it (policies, templates, translations) is looked for in its folder, as where it was unpacked. */
export const MAS_CLI = 'CAREBRIDGE_MAS_CLI';

const DOMAIN = 'hospital.test';
const UNLIMITED = { burst: 1_000_000, per_second: 1_000_000 };
const START_WITHIN_MS = 120_000;
const LISTS: Readonly<Record<MasSessionKind, string>> = {
  compat: 'compat-sessions',
  oauth2: 'oauth2-sessions',
  browser: 'user-sessions',
  personal: 'personal-sessions',
};

/** Whether the environment names one. */
export function isRealMasNamed(): boolean {
  return Boolean(process.env[MAS_CLI]);
}

/** The program and the folder of PostgreSQL's. Skips, with the reason, where there is none: for a `before` hook. */
export async function findRealMas(context: Context): Promise<{ readonly cli: string; readonly postgres: string }> {
  const cli = process.env[MAS_CLI];
  if (cli === undefined || cli === '') return skip(context, `${MAS_CLI} does not name a mas-cli`);
  const postgres = await findPostgres();
  if (postgres === undefined) return skip(context, 'there is no PostgreSQL on this machine');
  return { cli, postgres };
}

/** The real one where the environment names it, and the played one otherwise. */
export async function startNamedMas(context: Context, homeserverUrl: string): Promise<TestMas> {
  if (!isRealMasNamed()) return startFakeMas(homeserverUrl);
  return startRealMas(await findRealMas(context), homeserverUrl);
}

/** Starts it for a homeserver, which need not be there yet. Server and job worker are processes of their own, so that each can be stopped. */
export async function startRealMas(
  { cli, postgres }: { readonly cli: string; readonly postgres: string },
  homeserverUrl: string,
): Promise<RealMas> {
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await startPostgres(postgres));
  const mas = await RealMas.prepare(cli, await database.createDatabase('mas', { tcp: true }), homeserverUrl);
  starting.defer(() => mas.end());
  await mas.setUp(true);
  await mas.setWorker(true);
  mas.ownsUntilStopped(starting.move());
  return mas;
}

interface Row {
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export class RealMas implements TestMas {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secret: string;
  readonly #program: { readonly cli: string; readonly config: string };
  readonly #loginClient: string;
  readonly #homeserverUrl: string;
  readonly #passwords = new Map<string, string>();
  #resources = new AsyncDisposableStack();
  #server: Child | undefined;
  #worker: Child | undefined;

  private constructor(parts: Settings & { cli: string; config: string }) {
    this.url = parts.url;
    this.clientId = parts.clientId;
    this.clientSecret = parts.clientSecret;
    this.secret = parts.secret;
    this.#program = parts;
    this.#loginClient = parts.loginClient;
    this.#homeserverUrl = parts.homeserverUrl;
  }

  /** Writes its configuration. */
  static async prepare(cli: string, databaseUrl: string, homeserverUrl: string): Promise<RealMas> {
    const port = await freePort();
    const settings = {
      port,
      url: `http://127.0.0.1:${port}/`,
      databaseUrl,
      homeserverUrl,
      clientId: '01J5M8Q2V9XK3T7R4W6Y8Z0ABC',
      clientSecret: randomBytes(16).toString('hex'),
      loginClient: '01J5M8Q2V9XK3T7R4W6Y8Z0DEF',
      secret: randomBytes(16).toString('hex'),
    };
    const config = join(await tempDir('mas'), 'mas.yaml');
    await writeFile(config, JSON.stringify(configuration(settings)), { mode: 0o600 });
    return new RealMas({ ...settings, cli, config });
  }

  /** What is to be ended together with it. */
  ownsUntilStopped(resources: AsyncDisposableStack): void {
    this.#resources = resources;
  }

  async setUp(isUp: boolean): Promise<void> {
    if (!isUp) {
      await this.#server?.stop();
      this.#server = undefined;
      return;
    }
    this.#server ??= await this.#start('server', '--no-worker');
    const isHealthy = () =>
      fetch(`${this.url}health`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitFor('MAS to take requests', isHealthy, { timeoutMs: START_WITHIN_MS });
  }

  async setWorker(isRunning: boolean): Promise<void> {
    if (isRunning) {
      this.#worker ??= await this.#start('worker');
    } else {
      await this.#worker?.stop();
      this.#worker = undefined;
    }
  }

  async stop(): Promise<void> {
    await this.#resources.disposeAsync();
  }

  /** Ends its processes. */
  async end(): Promise<void> {
    await Promise.all([this.setWorker(false), this.setUp(false)]);
  }

  async addUser(localpart: string, { admin = false } = {}): Promise<void> {
    const { id } = await this.#one('POST', 'users', { username: localpart });
    const password = randomBytes(12).toString('hex');
    this.#passwords.set(localpart, password);
    await this.#admin('POST', `users/${id}/set-password`, { password, skip_password_check: true });
    if (admin) await this.#admin('POST', `users/${id}/set-admin`, { admin: true });
    const query = `${this.#homeserverUrl}/_synapse/mas/query_user?localpart=${localpart}`;
    const headers = { authorization: `Bearer ${this.secret}` };
    await waitFor(`the homeserver to know ${localpart}`, async () => (await fetch(query, { headers })).ok, {
      timeoutMs: 30_000,
    });
  }

  async login(localpart: string, kind: MasSessionKind, deviceId?: string): Promise<MasLogin> {
    const user = await this.#one('GET', `users/by-username/${localpart}`);
    const owner = kind === 'personal' ? 'actor_user' : 'user';
    const list = `${LISTS[kind]}?filter[${owner}]=${user.id}&filter[status]=active&page[first]=1000`;
    const before = new Set((await this.#rows(list)).map(({ id }) => id));
    const token = await this.#login(kind, { localpart, userId: user.id, deviceId });
    const made = (await this.#rows(list)).filter(({ id }) => !before.has(id));
    if (made.length !== 1) throw new Error(`${made.length} ${kind} sessions were made instead of one`);
    return { id: made[0]?.id ?? '', kind, token };
  }

  async #login(
    kind: MasSessionKind,
    { localpart, userId, deviceId }: { localpart: string; userId: string; deviceId: string | undefined },
  ): Promise<string> {
    const person = { localpart, password: this.#passwords.get(localpart) ?? '' };
    switch (kind) {
      case 'browser':
        await loginInBrowser(this.url, person);
        return '';
      case 'oauth2':
        return loginWithOauth2(this.url, person, { clientId: this.#loginClient, deviceId: deviceId ?? '' });
      case 'personal': {
        const device = deviceId === undefined ? '' : ` urn:matrix:client:device:${deviceId}`;
        const scope = `urn:matrix:client:api:*${device}`;
        const body = { actor_user_id: userId, human_name: 'a script', scope };
        return String((await this.#one('POST', 'personal-sessions', body)).attributes['access_token']);
      }
      case 'compat': {
        const answer = await fetch(`${this.url}_matrix/client/v3/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            type: 'm.login.password',
            identifier: { type: 'm.id.user', user: localpart },
            password: person.password,
            device_id: deviceId,
          }),
        });
        const body = (await answer.json()) as { access_token?: string; errcode?: string };
        if (body.access_token === undefined) throw new Error(body.errcode ?? `no login: ${answer.status}`);
        return body.access_token;
      }
    }
  }

  async #start(...args: string[]): Promise<Child> {
    const { cli, config } = this.#program;
    return startChild('mas-cli', cli, ['--config', config, ...args], {
      cwd: dirname(cli),
      stdio: 'ignore',
      env: { ...process.env, RUST_LOG: 'warn' },
    });
  }

  async #admin(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const basic = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    const granted = await fetch(`${this.url}oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'urn:mas:admin' }),
    });
    const { access_token: token } = (await granted.json()) as { access_token?: string };
    const answer = await fetch(`${this.url}api/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`MAS: ${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  async #one(method: string, path: string, body?: object): Promise<Row> {
    return (await this.#admin(method, path, body))['data'] as Row;
  }

  async #rows(path: string): Promise<readonly Row[]> {
    return (await this.#admin('GET', path))['data'] as Row[];
  }
}

interface Settings {
  readonly port: number;
  readonly url: string;
  readonly databaseUrl: string;
  readonly homeserverUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly loginClient: string;
  readonly secret: string;
}

/** mas.yaml. All JSON is YAML. */
function configuration(settings: Settings): object {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const resources = ['discovery', 'human', 'oauth', 'compat', 'health', 'adminapi'].map((name) => ({ name }));
  return {
    http: {
      listeners: [{ name: 'web', resources, binds: [{ host: '127.0.0.1', port: settings.port }] }],
      public_base: settings.url,
      issuer: settings.url,
    },
    database: { uri: settings.databaseUrl },
    matrix: {
      kind: 'synapse',
      homeserver: DOMAIN,
      endpoint: settings.homeserverUrl,
      secret: settings.secret,
    },
    secrets: {
      encryption: randomBytes(32).toString('hex'),
      keys: [{ kid: 'test', key: key.export({ type: 'pkcs8', format: 'pem' }) }],
    },
    passwords: { enabled: true, minimum_complexity: 0, schemes: [{ version: 1, algorithm: 'bcrypt', cost: 4 }] },
    email: { transport: 'blackhole' },
    rate_limiting: { login: { per_ip: UNLIMITED, per_account: UNLIMITED } },
    // The clients of these tests do not refresh their tokens.
    experimental: { access_token_ttl: 86_400, compat_token_ttl: 86_400 },
    clients: [
      {
        client_id: settings.clientId,
        client_auth_method: 'client_secret_basic',
        client_secret: settings.clientSecret,
      },
      { client_id: settings.loginClient, client_auth_method: 'none', redirect_uris: ['http://127.0.0.1/done'] },
    ],
    policy: { data: { admin_clients: [settings.clientId] } },
  };
}
