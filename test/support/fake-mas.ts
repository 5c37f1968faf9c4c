/** Matrix Authentication Service as account control sees it: its admin API with the traps that were seen on a real one. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FakeAccountHomeserver, FakeAnswer, Introspection } from './fake-account-homeserver.ts';

export const MAS_CLIENT = { clientId: '01J5M8Q2V9XK3T7R4W6Y8Z0ABC', clientSecret: 'client-secret' };
export type FakeSessionKind = 'compat' | 'oauth2' | 'browser' | 'personal';

const PATHS: Readonly<Record<string, FakeSessionKind>> = {
  'compat-sessions': 'compat',
  'oauth2-sessions': 'oauth2',
  'user-sessions': 'browser',
  'personal-sessions': 'personal',
};
/** Filters that each list knows. Any other is ignored, silently. */
const FILTERS: Readonly<Record<FakeSessionKind, readonly string[]>> = {
  compat: ['filter[user]', 'filter[status]'],
  oauth2: ['filter[user]', 'filter[status]', 'filter[scope]'],
  browser: ['filter[user]', 'filter[status]'],
  personal: ['filter[actor_user]', 'filter[status]'],
};
const TOKEN_SECONDS = 300;
const DEFAULT_PAGE = 10;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

interface MasUser {
  readonly id: string;
  readonly username: string;
  lockedAt: string | undefined;
  deactivatedAt: string | undefined;
  isErased: boolean;
  admin: boolean;
}

interface Session {
  readonly id: string;
  readonly kind: FakeSessionKind;
  readonly userId: string;
  readonly deviceId: string | undefined;
  readonly scope: string;
  readonly browserSession: string | undefined;
  readonly token: string;
  readonly createdAt: string;
  finishedAt: string | undefined;
}

export class FakeMas {
  /** Both true in an ordinary installation. */
  isUp = true;
  isWorkerRunning = true;
  /** Pretends to be a version that does not know this filter. */
  unknownFilter: string | undefined;
  /** Unix ms. */
  now: () => number = Date.now;
  readonly users = new Map<string, MasUser>();
  readonly sessions = new Map<string, Session>();
  readonly requests: string[] = [];
  readonly #homeserver: FakeAccountHomeserver;
  readonly #adminTokens = new Map<string, number>();
  readonly #jobs: (() => void)[] = [];
  readonly #server: Server;

  constructor(homeserver: FakeAccountHomeserver) {
    this.#homeserver = homeserver;
    homeserver.introspect = (token) => this.#introspect(token);
    this.#server = createServer((request, response) => {
      void text(request).then((raw) => {
        if (!this.isUp) {
          request.socket.destroy();
          return;
        }
        const url = new URL(request.url ?? '/', 'http://fake');
        this.requests.push(`${request.method} ${decodeURIComponent(url.pathname)}`);
        const answer = this.#answer(request.method ?? 'GET', url, request.headers.authorization ?? '', raw);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  addUser(username: string, { admin = false } = {}): MasUser {
    const user = { id: newUlid(), username, admin, lockedAt: undefined, deactivatedAt: undefined, isErased: false };
    this.users.set(user.id, user);
    if (!this.#homeserver.users.has(this.#matrixId(user))) this.#homeserver.addUser(username);
    return user;
  }

  userOf(username: string): MasUser {
    const user = [...this.users.values()].find((known) => known.username === username);
    if (user === undefined) throw new Error(`MAS has no ${username}`);
    return user;
  }

  /** A session with its token; `oauth2` and `compat` have a device, and a browser session behind them. */
  login(username: string, kind: FakeSessionKind, deviceId?: string, scope?: string): Session {
    const user = this.userOf(username);
    if (user.lockedAt !== undefined) throw new Error('M_USER_LOCKED');
    const hasBrowser = kind === 'oauth2' || kind === 'compat';
    const browserSession = hasBrowser ? this.login(username, 'browser').id : undefined;
    const session: Session = {
      id: newUlid(),
      kind,
      userId: user.id,
      deviceId: kind === 'browser' ? undefined : deviceId,
      scope:
        scope ?? ['urn:matrix:client:api:*', ...(deviceId ? [`urn:matrix:client:device:${deviceId}`] : [])].join(' '),
      browserSession,
      token: `mas-${randomUUID()}`,
      createdAt: new Date(this.now()).toISOString(),
      finishedAt: undefined,
    };
    this.sessions.set(session.id, session);
    if (session.deviceId !== undefined) this.#homeserver.addDevice(this.#matrixId(user), session.deviceId);
    return session;
  }

  /** What MAS does of its own from time to time: bring Synapse in line. Devices that were deleted only there come back. */
  provision(username: string): void {
    this.#sync(this.userOf(username).id);
  }

  /** Runs what waited for the worker. */
  runJobs(): void {
    for (const job of this.#jobs.splice(0)) job();
  }

  #job(userId: string): void {
    this.#jobs.push(() => this.#sync(userId));
    if (this.isWorkerRunning) setTimeout(() => this.runJobs(), 20).unref();
  }

  #sync(id: string): void {
    const user = this.users.get(id);
    if (user === undefined) return;
    const matrixId = this.#matrixId(user);
    const known = this.#homeserver.users.get(matrixId);
    if (known === undefined) return;
    known.locked = user.lockedAt !== undefined;
    known.deactivated = user.deactivatedAt !== undefined;
    const wanted = new Set(
      [...this.sessions.values()]
        .filter((session) => session.userId === id && session.finishedAt === undefined && session.kind !== 'browser')
        .flatMap(({ deviceId }) => (deviceId === undefined ? [] : [deviceId])),
    );
    for (const device of known.devices.keys()) if (!wanted.has(device)) this.#homeserver.removeDevice(matrixId, device);
    for (const device of wanted) if (!known.devices.has(device)) this.#homeserver.addDevice(matrixId, device);
  }

  #introspect(token: string): Introspection {
    if (!this.isUp) throw new Error('MAS is down');
    const session = [...this.sessions.values()].find((known) => known.token === token);
    const user = session && this.users.get(session.userId);
    if (!session || !user || session.kind === 'browser') return { active: false };
    if (session.finishedAt !== undefined || user.lockedAt !== undefined || user.deactivatedAt !== undefined)
      return { active: false };
    const isAdmin = session.scope.includes('urn:synapse:admin:*');
    return { active: true, userId: this.#matrixId(user), deviceId: session.deviceId, isAdmin };
  }

  #answer(method: string, url: URL, authorization: string, raw: string): FakeAnswer {
    if (url.pathname === '/oauth2/token') return this.#token(authorization, raw);
    const until = this.#adminTokens.get(authorization.replace(/^Bearer /, ''));
    if (until === undefined || until <= this.now())
      return { status: 401, body: { errors: [{ title: 'Invalid token' }] } };
    const [resource = '', id, action] = url.pathname.replace('/api/admin/v1/', '').split('/').map(decodeURIComponent);
    const body = (raw === '' ? {} : JSON.parse(raw)) as Record<string, unknown>;
    if (resource === 'users') return this.#user(method, id ?? '', action, body);
    const kind = PATHS[resource];
    if (kind === undefined) return failed(404, 'Not found');
    if (id === undefined) return method === 'POST' ? this.#issue(body) : this.#list(kind, url);
    if (!isUlid(id)) return failed(400, 'Invalid ULID');
    const session = this.sessions.get(id);
    if (session === undefined || session.kind !== kind) return failed(404, 'Session not found');
    if (method === 'GET') return data(this.#describe(session));
    if (action !== (kind === 'personal' ? 'revoke' : 'finish')) return failed(404, 'Not found');
    if (session.finishedAt !== undefined)
      return kind === 'personal'
        ? failed(409, 'Session is already revoked')
        : failed(400, 'Session is already finished');
    session.finishedAt = new Date(this.now()).toISOString();
    // A browser session's end says nothing to Synapse.
    if (kind !== 'browser') this.#job(session.userId);
    return data(this.#describe(session));
  }

  #token(authorization: string, raw: string): FakeAnswer {
    const expected = Buffer.from(`${MAS_CLIENT.clientId}:${MAS_CLIENT.clientSecret}`).toString('base64');
    if (authorization !== `Basic ${expected}`) return { status: 401, body: { error: 'invalid_client' } };
    const form = new URLSearchParams(raw);
    if (form.get('grant_type') !== 'client_credentials' || form.get('scope') !== 'urn:mas:admin')
      return { status: 400, body: { error: 'invalid_scope' } };
    const token = `mat-${randomUUID()}`;
    this.#adminTokens.set(token, this.now() + TOKEN_SECONDS * 1000);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS } };
  }

  #user(method: string, id: string, action: string | undefined, body: Record<string, unknown>): FakeAnswer {
    if (id === 'by-username') {
      const user = [...this.users.values()].find(({ username }) => username === action);
      return user ? data(describeUser(user)) : failed(404, 'User not found');
    }
    if (!isUlid(id)) return failed(400, 'Invalid ULID');
    const user = this.users.get(id);
    if (user === undefined) return failed(404, 'User not found');
    const at = new Date(this.now()).toISOString();
    switch (`${method} ${action ?? ''}`) {
      case 'GET ':
        return data(describeUser(user));
      case 'POST lock':
        user.lockedAt ??= at;
        break;
      case 'POST unlock':
        user.lockedAt = undefined;
        break;
      case 'POST deactivate':
        user.deactivatedAt ??= at;
        // Erasing is what happens unless it is said otherwise.
        if (body['skip_erase'] !== true) user.isErased = true;
        for (const session of this.sessions.values()) if (session.userId === id) session.finishedAt ??= at;
        break;
      case 'POST reactivate':
        user.deactivatedAt = undefined;
        break;
      default:
        return failed(404, 'Not found');
    }
    this.#job(id);
    return data(describeUser(user));
  }

  #list(kind: FakeSessionKind, url: URL): FakeAnswer {
    const filter = (name: string): string | undefined =>
      name !== this.unknownFilter && FILTERS[kind].includes(name)
        ? (url.searchParams.get(name) ?? undefined)
        : undefined;
    const owner = filter('filter[user]') ?? filter('filter[actor_user]');
    const status = filter('filter[status]');
    const after = url.searchParams.get('page[after]');
    const first = Number(url.searchParams.get('page[first]') ?? DEFAULT_PAGE);
    const all = [...this.sessions.values()]
      .filter((session) => session.kind === kind && (owner === undefined || session.userId === owner))
      .filter(({ finishedAt }) => status === undefined || (status === 'active') === (finishedAt === undefined))
      .filter(({ id }) => after === null || id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const rows = all.slice(0, first);
    const next = all.length > rows.length ? { next: `${url.pathname}?page[after]=${rows.at(-1)?.id}` } : {};
    return {
      status: 200,
      body: {
        meta: { count: all.length },
        data: rows.map((row) => this.#describe(row)),
        links: { self: url.pathname, ...next },
      },
    };
  }

  #issue(body: Record<string, unknown>): FakeAnswer {
    const user = this.users.get(String(body['actor_user_id']));
    if (user === undefined) return failed(404, 'User not found');
    const session = this.login(user.username, 'personal', undefined, String(body['scope']));
    const described = this.#describe(session);
    return {
      status: 201,
      body: { data: { ...described, attributes: { ...described.attributes, access_token: session.token } } },
    };
  }

  #describe(session: Session): { type: string; id: string; attributes: Record<string, unknown> } {
    const { kind, id, userId, deviceId, scope, browserSession, createdAt, finishedAt = null } = session;
    const common = { created_at: createdAt, last_active_at: createdAt, last_active_ip: '10.1.2.3' };
    switch (kind) {
      case 'compat':
        return {
          type: 'compat-session',
          id,
          attributes: {
            ...common,
            user_id: userId,
            device_id: deviceId,
            user_session_id: browserSession,
            finished_at: finishedAt,
            human_name: null,
          },
        };
      case 'oauth2':
        return {
          type: 'oauth2-session',
          id,
          attributes: {
            ...common,
            user_id: userId,
            user_session_id: browserSession,
            client_id: newUlid(),
            scope,
            finished_at: finishedAt,
          },
        };
      case 'browser':
        return { type: 'user-session', id, attributes: { ...common, user_id: userId, finished_at: finishedAt } };
      case 'personal':
        return {
          type: 'personal-session',
          id,
          attributes: { ...common, actor_user_id: userId, scope, revoked_at: finishedAt },
        };
    }
  }

  #matrixId({ username }: { readonly username: string }): string {
    return `@${username}:${this.#homeserver.domain}`;
  }
}

function describeUser({ id, username, lockedAt, deactivatedAt, admin }: MasUser): object {
  return {
    type: 'user',
    id,
    attributes: {
      username,
      created_at: '2026-01-01T00:00:00Z',
      locked_at: lockedAt ?? null,
      deactivated_at: deactivatedAt ?? null,
      admin,
    },
  };
}

function data(value: object): FakeAnswer {
  return { status: 200, body: { data: value, links: {} } };
}

function failed(status: number, title: string): FakeAnswer {
  return { status, body: { errors: [{ title }] } };
}

function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

let counter = 0;

/** In the order in which they are made, as ULIDs are. */
function newUlid(): string {
  const order = (++counter).toString(32).padStart(9, '0');
  const head = [...order].map((digit) => CROCKFORD[parseInt(digit, 32)]).join('');
  return `0${head}${[...randomBytes(16)].map((byte) => CROCKFORD[byte & 31]).join('')}`;
}
