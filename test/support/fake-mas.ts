/** Matrix Authentication Service as a homeserver and account control see it, with the traps that were seen on a real one. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  data,
  describeSession,
  describeUser,
  failed,
  isUlid,
  listSessions,
  newUlid,
  SESSION_PATHS,
  type FakeAnswer,
  type FakeMasSession,
  type FakeMasUser,
} from './fake-mas-api.ts';
import { LocalServer } from './local-server.ts';
import { SynapseOfMas } from './synapse-of-mas.ts';
import type { MasSessionKind, TestMas } from './test-mas.ts';

const TOKEN_SECONDS = 300;
const JOB_MS = 20;
/** What the policy lets clients ask for. */
const DEVICE_IN_SCOPE = /^[A-Za-z0-9._~!$&'()*+,;=:@/-]{10,}$/;
const INACTIVE: FakeAnswer = { status: 200, body: { active: false } };
type Body = Readonly<Record<string, unknown>>;

/** Starts it for a homeserver, which need not be there yet. */
export async function startFakeMas(homeserverUrl: string): Promise<FakeMas> {
  const mas = new FakeMas(homeserverUrl);
  await mas.start();
  return mas;
}

export class FakeMas extends LocalServer implements TestMas {
  readonly clientId = '01J5M8Q2V9XK3T7R4W6Y8Z0ABC';
  readonly clientSecret = 'client-secret';
  readonly secret = 'shared-secret';
  /** Both true in an ordinary installation. */
  isUp = true;
  isWorkerRunning = true;
  /** Pretends to be a version that does not know this filter. */
  unknownFilter: string | undefined;
  /** Unix ms. */
  now: () => number = Date.now;
  readonly users = new Map<string, FakeMasUser>();
  readonly sessions = new Map<string, FakeMasSession>();
  /** `METHOD path`, in order. */
  readonly requests: string[] = [];
  readonly #synapse: SynapseOfMas;
  readonly #adminTokens = new Map<string, number>();
  readonly #jobs: (() => Promise<void>)[] = [];
  #working: Promise<void> = Promise.resolve();

  constructor(homeserverUrl: string) {
    super();
    this.#synapse = new SynapseOfMas({ url: homeserverUrl, secret: this.secret });
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await text(request);
    if (!this.isUp) return void request.socket.destroy();
    const url = new URL(request.url ?? '/', 'http://fake');
    this.requests.push(`${request.method} ${decodeURIComponent(url.pathname)}`);
    const { authorization = '' } = request.headers;
    const answer = await this.#answer(request.method ?? 'GET', url, authorization, raw).catch(() =>
      failed(500, 'Internal error'),
    );
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }

  override async stop(): Promise<void> {
    this.#jobs.length = 0;
    await this.#working;
    await super.stop();
  }

  async setUp(isUp: boolean): Promise<void> {
    this.isUp = isUp;
  }

  async setWorker(isRunning: boolean): Promise<void> {
    this.isWorkerRunning = isRunning;
    if (isRunning) await this.runJobs();
  }

  async addUser(username: string, { admin = false } = {}): Promise<FakeMasUser> {
    const user = { id: newUlid(), username, admin, lockedAt: undefined, deactivatedAt: undefined };
    this.users.set(user.id, user);
    await this.#synapse.provisionUser(username, false);
    return user;
  }

  userOf(username: string): FakeMasUser {
    const user = [...this.users.values()].find((known) => known.username === username);
    if (user === undefined) throw new Error(`MAS has no ${username}`);
    return user;
  }

  /** A session with its token; `oauth2` and `compat` have a device, and a browser session behind them. */
  async login(username: string, kind: MasSessionKind, deviceId?: string, scope?: string): Promise<FakeMasSession> {
    const user = this.userOf(username);
    // A token for a locked account can be made by an administrator; it is not valid.
    if (user.lockedAt !== undefined && kind !== 'personal') throw new Error('M_USER_LOCKED');
    if (user.deactivatedAt !== undefined) throw new Error('M_USER_DEACTIVATED');
    if (kind === 'oauth2' && !DEVICE_IN_SCOPE.test(deviceId ?? '')) throw new Error('invalid_scope');
    const hasBrowser = kind === 'oauth2' || kind === 'compat';
    const browserSession = hasBrowser ? (await this.login(username, 'browser')).id : undefined;
    const session: FakeMasSession = {
      id: newUlid(),
      kind,
      userId: user.id,
      deviceId: kind === 'browser' ? undefined : deviceId,
      scope:
        scope ?? ['urn:matrix:client:api:*', ...(deviceId ? [`urn:matrix:client:device:${deviceId}`] : [])].join(' '),
      browserSession,
      token: kind === 'browser' ? '' : `mas-${randomUUID()}`,
      createdAt: new Date(this.now()).toISOString(),
      finishedAt: undefined,
    };
    this.sessions.set(session.id, session);
    // At once, and not by the worker.
    if (session.deviceId !== undefined) await this.#synapse.upsertDevice(username, session.deviceId);
    return session;
  }

  /** What MAS does of its own from time to time: bring Synapse in line. Devices that were deleted only there come back. */
  async provision(username: string): Promise<void> {
    await this.#provision(this.userOf(username));
  }

  /** Runs what waited for the worker. */
  async runJobs(): Promise<void> {
    const jobs = this.#jobs.splice(0);
    this.#working = this.#working.then(async () => {
      for (const job of jobs) await job();
    });
    await this.#working;
  }

  /** One that fails is tried again, as long as it takes. */
  #schedule(job: () => Promise<void>): void {
    this.#jobs.push(() => job().catch(() => this.#schedule(job)));
    setTimeout(() => this.isWorkerRunning && void this.runJobs(), JOB_MS).unref();
  }

  async #provision(user: FakeMasUser): Promise<void> {
    await this.#synapse.provisionUser(user.username, user.lockedAt !== undefined);
    await this.#syncDevices(user);
  }

  async #syncDevices({ id, username }: FakeMasUser): Promise<void> {
    const devices = [...this.sessions.values()]
      .filter((session) => session.userId === id && session.finishedAt === undefined)
      .flatMap(({ deviceId }) => deviceId ?? []);
    await this.#synapse.syncDevices(username, new Set(devices));
  }

  async #answer(method: string, url: URL, authorization: string, raw: string): Promise<FakeAnswer> {
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return { status: 200, body: { issuer: `${this.url}/`, account_management_uri: `${this.url}/account/` } };
      case '/oauth2/introspect':
        return authorization === `Bearer ${this.secret}`
          ? this.#introspect(new URLSearchParams(raw).get('token') ?? '')
          : { status: 401, body: { error: 'invalid_client' } };
      case '/oauth2/token':
        return this.#token(authorization, raw);
    }
    const until = this.#adminTokens.get(authorization.replace(/^Bearer /, ''));
    if (until === undefined || until <= this.now()) return failed(401, 'Unknown access token');
    const [resource = '', id, action] = url.pathname.replace('/api/admin/v1/', '').split('/').map(decodeURIComponent);
    const body = (raw === '' ? {} : JSON.parse(raw)) as Body;
    if (resource === 'users') return this.#user(method, id ?? '', action, body);
    const kind = SESSION_PATHS[resource];
    if (kind === undefined) return failed(404, 'Not found');
    if (id !== undefined) return this.#session(kind, method, id, action);
    return method === 'POST' ? this.#issue(body) : listSessions(this.sessions.values(), kind, url, this.unknownFilter);
  }

  /** What is not valid is not told apart. */
  #introspect(token: string): FakeAnswer {
    const session = token === '' ? undefined : [...this.sessions.values()].find((known) => known.token === token);
    const user = session && this.users.get(session.userId);
    if (!session || !user || session.finishedAt !== undefined) return INACTIVE;
    if (user.lockedAt !== undefined || user.deactivatedAt !== undefined) return INACTIVE;
    const { scope, kind, deviceId } = session;
    // Only of compat sessions: in the others the scope has it.
    const device = kind === 'compat' ? { device_id: deviceId, scope: 'urn:matrix:client:api:*' } : { scope };
    return { status: 200, body: { active: true, username: user.username, sub: user.id, ...device } };
  }

  #session(kind: MasSessionKind, method: string, id: string, action: string | undefined): FakeAnswer {
    if (!isUlid(id)) return failed(400, 'Invalid ULID in path');
    const session = this.sessions.get(id);
    if (session === undefined || session.kind !== kind) return failed(404, `Session with ID ${id} not found`);
    if (method === 'GET') return data(describeSession(session));
    if (action !== (kind === 'personal' ? 'revoke' : 'finish')) return failed(404, 'Not found');
    if (session.finishedAt !== undefined)
      return kind === 'personal'
        ? failed(409, `Personal session with ID ${id} is already revoked`)
        : failed(400, `Session with ID ${id} is already finished`);
    session.finishedAt = new Date(this.now()).toISOString();
    const user = this.users.get(session.userId);
    // The end of a browser's session, or of one without a device, says nothing to Synapse.
    if (user && (kind === 'oauth2' || kind === 'compat' || session.deviceId !== undefined))
      this.#schedule(() => this.#syncDevices(user));
    return data(describeSession(session));
  }

  #token(authorization: string, raw: string): FakeAnswer {
    const expected = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    if (authorization !== `Basic ${expected}`) return { status: 401, body: { error: 'invalid_client' } };
    const form = new URLSearchParams(raw);
    if (form.get('grant_type') !== 'client_credentials' || form.get('scope') !== 'urn:mas:admin')
      return { status: 400, body: { error: 'invalid_scope' } };
    const token = `mat-${randomUUID()}`;
    this.#adminTokens.set(token, this.now() + TOKEN_SECONDS * 1000);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS } };
  }

  async #user(method: string, id: string, action: string | undefined, body: Body): Promise<FakeAnswer> {
    if (id === 'by-username') {
      const user = [...this.users.values()].find(({ username }) => username === action);
      return user ? data(describeUser(user)) : failed(404, 'User not found');
    }
    if (!isUlid(id)) return failed(400, 'Invalid ULID in path');
    const user = this.users.get(id);
    if (user === undefined) return failed(404, 'User not found');
    const at = new Date(this.now()).toISOString();
    switch (`${method} ${action ?? ''}`) {
      case 'GET ':
        return data(describeUser(user));
      case 'POST lock':
        user.lockedAt ??= at;
        this.#schedule(() => this.#provision(user));
        break;
      case 'POST unlock':
        user.lockedAt = undefined;
        this.#schedule(() => this.#provision(user));
        break;
      case 'POST deactivate': {
        user.deactivatedAt ??= at;
        // Erasing is what happens unless it is said otherwise.
        const erase = body['skip_erase'] !== true;
        this.#schedule(() => this.#close(user, erase));
        break;
      }
      case 'POST reactivate':
        // The one change that Synapse hears of first; where it is away, nothing changes.
        await this.#synapse.reactivateUser(user.username);
        user.deactivatedAt = undefined;
        break;
      default:
        return failed(404, 'Not found');
    }
    return data(describeUser(user));
  }

  /** The sessions of a deactivated account end by the worker, and not before. */
  async #close({ id, username }: FakeMasUser, erase: boolean): Promise<void> {
    const at = new Date(this.now()).toISOString();
    for (const session of this.sessions.values()) if (session.userId === id) session.finishedAt ??= at;
    await this.#synapse.deleteUser(username, erase);
  }

  async #issue(body: Body): Promise<FakeAnswer> {
    const user = this.users.get(String(body['actor_user_id']));
    if (user === undefined) return failed(404, 'User not found');
    if (user.deactivatedAt !== undefined) return failed(410, 'User is not active');
    const session = await this.login(user.username, 'personal', undefined, String(body['scope']));
    const described = describeSession(session);
    return data({ ...described, attributes: { ...described.attributes, access_token: session.token } }, 201);
  }
}
