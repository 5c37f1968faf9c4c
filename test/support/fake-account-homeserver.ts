/** The part of a homeserver that account control sees, with Synapse's behaviour in each mode, as it was observed on a real one. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FakeAnswer } from './fake-mas-api.ts';
import { LocalServer } from './local-server.ts';

/** Who owns the accounts there. `moderation`: another homeserver, with MSC4323. */
export type FakeAccountMode = 'native' | 'mas' | 'moderation';

export interface FakeDevice {
  readonly device_id: string;
  display_name: string;
  last_seen_ts: number;
  last_seen_ip: string;
  last_seen_user_agent: string;
}

export interface FakeUser {
  readonly name: string;
  displayname: string;
  admin: boolean;
  locked: boolean;
  suspended: boolean;
  deactivated: boolean;
  erased: boolean;
  readonly devices: Map<string, FakeDevice>;
  pushers: { app_display_name: string; device_display_name: string; device_id: string }[];
  rooms: string[];
}

/** What MAS says of a token. */
interface Introspection {
  readonly active: boolean;
  readonly username?: string;
  readonly scope?: string;
  readonly device_id?: string;
}

/** Synapse's. ms. */
const CACHE_MS = 120_000;
export const ADMIN_TOKEN = 'synapse-admin-token';
export const AS_TOKEN = 'as-token-as-long-as-a-real-one-is';

const DEVICE_SCOPE = /urn:matrix:(?:client|org\.matrix\.msc2967\.client):device:(\S+)/;

interface Caller {
  readonly userId: string;
  readonly deviceId: string | undefined;
  readonly isAdmin: boolean;
}

type Body = Readonly<Record<string, unknown>>;
const error = (status: number, errcode: string, more: object = {}): FakeAnswer => ({
  status,
  body: { errcode, error: errcode, ...more },
});
const ok = (body: unknown = {}): FakeAnswer => ({ status: 200, body });
const UNRECOGNIZED = error(404, 'M_UNRECOGNIZED');
const UNKNOWN_TOKEN = error(401, 'M_UNKNOWN_TOKEN', { soft_logout: false });

export class FakeAccountHomeserver extends LocalServer {
  readonly domain = 'hospital.test';
  readonly users = new Map<string, FakeUser>();
  /** `METHOD path`, in order. */
  readonly requests: string[] = [];
  mode: FakeAccountMode;
  /** Who owns the accounts in mode `mas`. */
  mas: { readonly url: string; readonly secret: string } | undefined;
  /** Unix ms. */
  now: () => number = Date.now;
  /** Answers nothing but 500, as Synapse does to `auth_metadata` where it was started while MAS was down. */
  isConfused = false;
  /** Asked before every answer: another one in place of it, or none at all. */
  interfere: (request: string) => FakeAnswer | 'hang' | undefined = () => undefined;
  readonly #tokens = new Map<string, { userId: string; deviceId: string }>();
  readonly #cache = new Map<string, { readonly until: number; readonly found: Introspection }>();

  constructor(mode: FakeAccountMode) {
    super();
    this.mode = mode;
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await text(request);
    const url = new URL(request.url ?? '/', 'http://fake');
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const body = (raw === '' || !raw.startsWith('{') ? {} : JSON.parse(raw)) as Body;
    const what = `${request.method} ${decodeURIComponent(url.pathname)}`;
    this.requests.push(what);
    const instead = this.interfere(what);
    if (instead === 'hang') return;
    const answer = instead ?? (await this.#answer(request.method ?? 'GET', url, token, body));
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }

  addUser(localpart: string, { admin = false } = {}): FakeUser {
    const name = `@${localpart}:${this.domain}`;
    const user: FakeUser = {
      name,
      displayname: localpart,
      admin,
      locked: false,
      suspended: false,
      deactivated: false,
      erased: false,
      devices: new Map(),
      pushers: [],
      rooms: [],
    };
    this.users.set(name, user);
    return user;
  }

  addDevice(userId: string, deviceId: string): void {
    this.users.get(userId)?.devices.set(deviceId, {
      device_id: deviceId,
      display_name: `Element on ${deviceId}`,
      last_seen_ts: this.now(),
      last_seen_ip: '10.1.2.3',
      last_seen_user_agent: 'Element',
    });
  }

  removeDevice(userId: string, deviceId: string): void {
    const user = this.users.get(userId);
    user?.devices.delete(deviceId);
    if (user) user.pushers = user.pushers.filter(({ device_id: id }) => id !== deviceId);
  }

  /** Logs in with a password: only where the homeserver has them. */
  login(userId: string, deviceId: string): string {
    const user = this.users.get(userId);
    if (this.mode === 'mas' || user === undefined || user.locked || user.deactivated) throw new Error('no login');
    this.addDevice(userId, deviceId);
    const token = `native-${randomUUID()}`;
    this.#tokens.set(token, { userId, deviceId });
    return token;
  }

  async #answer(method: string, url: URL, token: string, body: Body): Promise<FakeAnswer> {
    const path = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    if (url.pathname === '/_matrix/client/v1/auth_metadata') {
      if (this.isConfused) return error(500, 'M_UNKNOWN');
      return this.mode === 'mas' ? ok({ issuer: 'https://auth.hospital.test/' }) : UNRECOGNIZED;
    }
    if (url.pathname === '/_matrix/client/versions') return ok({ versions: ['v1.12'] });
    if (url.pathname.startsWith('/_synapse/mas/')) return this.#ofMas(path[2] ?? '', token, body);
    const caller = await this.#authenticate(token);
    if ('status' in caller) return caller;
    if (url.pathname === '/_matrix/client/v3/account/whoami')
      return ok({ user_id: caller.userId, device_id: caller.deviceId });
    if (url.pathname === '/_matrix/client/v3/pushers/set') {
      const { app_display_name: app, device_display_name: name } = body as Record<string, string>;
      const pusher = { app_display_name: app ?? '', device_display_name: name ?? '', device_id: caller.deviceId ?? '' };
      this.users.get(caller.userId)?.pushers.push(pusher);
      return ok();
    }
    if (url.pathname.endsWith('/createRoom')) {
      const isSuspended = this.users.get(caller.userId)?.suspended === true;
      return isSuspended ? error(403, 'M_USER_SUSPENDED') : ok({ room_id: '!room' });
    }
    if (url.pathname === '/_matrix/client/v3/register' && token === AS_TOKEN)
      return ok({ user_id: this.addUser(body['username'] as string).name });
    if (this.mode === 'moderation') return this.#moderation(method, url, path, caller, body);
    if (path[0] === '_synapse')
      return caller.isAdmin ? this.#admin(method, path.slice(2), url, body) : error(403, 'M_FORBIDDEN');
    if (url.pathname === '/_matrix/client/v3/capabilities') return ok({ capabilities: {} });
    return UNRECOGNIZED;
  }

  async #authenticate(token: string): Promise<FakeAnswer | Caller> {
    // The appservice's own token reaches the admin API only where the homeserver owns the accounts.
    if (token === AS_TOKEN)
      return { userId: '@_carebridge:hospital.test', deviceId: undefined, isAdmin: this.mode === 'native' };
    if (token === ADMIN_TOKEN && this.mode !== 'mas')
      return { userId: '@root:hospital.test', deviceId: undefined, isAdmin: true };
    if (this.mode === 'mas') return this.#introspected(token);
    const found = this.#tokens.get(token);
    const user = found && this.users.get(found.userId);
    if (!found || !user || user.deactivated || !user.devices.has(found.deviceId)) return UNKNOWN_TOKEN;
    if (user.locked) return error(401, 'M_USER_LOCKED', { soft_logout: true });
    return { ...found, isAdmin: user.admin };
  }

  /** What MAS said is believed for two minutes, yes and no alike; `locked` of our own is not looked at. */
  async #introspected(token: string): Promise<FakeAnswer | Caller> {
    let known = this.#cache.get(token);
    if (known === undefined || known.until <= this.now()) {
      const found = await this.#introspect(token);
      if (found === undefined) return error(503, 'M_UNKNOWN');
      known = { until: this.now() + CACHE_MS, found };
      this.#cache.set(token, known);
    }
    const { active, username, scope = '', device_id: explicit } = known.found;
    if (!active) return UNKNOWN_TOKEN;
    const userId = `@${username}:${this.domain}`;
    const deviceId = explicit ?? DEVICE_SCOPE.exec(scope)?.[1];
    if (deviceId !== undefined && this.users.get(userId)?.devices.has(deviceId) !== true) {
      this.#cache.delete(token);
      return UNKNOWN_TOKEN;
    }
    return { userId, deviceId, isAdmin: scope.includes('urn:synapse:admin:*') };
  }

  /** undefined where MAS is away. */
  async #introspect(token: string): Promise<Introspection | undefined> {
    const { url, secret } = this.mas ?? { url: '', secret: '' };
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: new URLSearchParams({ token }),
    };
    const answer = await fetch(`${url}/oauth2/introspect`, request).catch(() => undefined);
    return answer?.ok ? ((await answer.json()) as Introspection) : undefined;
  }

  /** What MAS tells the homeserver. */
  #ofMas(what: string, token: string, body: Body): FakeAnswer {
    if (this.mode !== 'mas' || this.mas === undefined) return UNRECOGNIZED;
    if (token !== this.mas.secret) return error(403, 'M_UNKNOWN');
    const localpart = body['localpart'] as string;
    const userId = `@${localpart}:${this.domain}`;
    const user = this.users.get(userId) ?? (what === 'provision_user' ? this.addUser(localpart) : undefined);
    if (user === undefined) return error(404, 'M_NOT_FOUND');
    switch (what) {
      case 'provision_user':
        user.locked = body['locked'] === true;
        return ok();
      case 'upsert_device':
        this.addDevice(userId, body['device_id'] as string);
        return ok();
      case 'sync_devices': {
        const wanted = new Set(body['devices'] as string[]);
        for (const device of [...user.devices.keys()]) if (!wanted.has(device)) this.removeDevice(userId, device);
        for (const device of wanted) if (!user.devices.has(device)) this.addDevice(userId, device);
        return ok();
      }
      case 'delete_user':
        this.#deactivate(user);
        user.erased = body['erase'] === true;
        return ok();
      case 'reactivate_user':
        user.deactivated = false;
        return ok();
      default:
        return UNRECOGNIZED;
    }
  }

  #deactivate(user: FakeUser): void {
    user.deactivated = true;
    for (const device of [...user.devices.keys()]) this.removeDevice(user.name, device);
    user.rooms = [];
  }

  #admin(method: string, [version, ...path]: string[], url: URL, body: Body): FakeAnswer {
    const call = `${method} ${version} ${path[0]}`;
    if (path[0] === 'server_version') return ok({ server_version: '1.163.2' });
    if (this.mode === 'mas' && ['register', 'reset_password'].includes(path[0] ?? '')) return UNRECOGNIZED;
    if (call === 'GET v2 users' && path.length === 1) return this.#list(url);
    const userId = path[1] ?? '';
    const user = this.users.get(userId);
    if (call === 'PUT v2 users' && path.length === 2) return this.#put(userId, body);
    if (user === undefined) return error(404, 'M_NOT_FOUND');
    switch (`${call} ${path[2] ?? ''}`.trim()) {
      case 'GET v2 users':
        return ok(publicFacts(user));
      case 'GET v2 users devices':
        return ok({ devices: [...user.devices.values()], total: user.devices.size });
      case 'POST v2 users delete_devices':
        for (const device of body['devices'] as string[]) this.removeDevice(userId, device);
        return ok();
      case 'GET v1 users pushers':
        return ok({ pushers: user.pushers, total: user.pushers.length });
      case 'GET v1 users joined_rooms':
        return ok({ joined_rooms: user.rooms, total: user.rooms.length });
      case 'GET v1 whois':
        return ok({
          user_id: userId,
          devices: {
            '': {
              sessions: [
                {
                  connections: [...user.devices.values()].map((device) => ({
                    ip: device.last_seen_ip,
                    last_seen: device.last_seen_ts,
                    user_agent: device.last_seen_user_agent,
                  })),
                },
              ],
            },
          },
        });
      case 'PUT v1 suspend':
        user.suspended = body['suspend'] === true;
        return ok({ [`user_${userId}_suspended`]: user.suspended });
      case 'POST v1 deactivate':
        this.#deactivate(user);
        return ok({ id_server_unbind_result: 'success' });
      default:
        return UNRECOGNIZED;
    }
  }

  /** Creates what is not there; under MAS that is refused, and a lock is accepted that nobody enforces. */
  #put(userId: string, body: Body): FakeAnswer {
    const isNew = !this.users.has(userId);
    if (isNew && this.mode === 'mas') return error(403, 'M_FORBIDDEN');
    const user = this.users.get(userId) ?? this.addUser(userId.slice(1, userId.indexOf(':')));
    if ((body['locked'] === true && user.deactivated) || (body['locked'] === true && body['deactivated'] === true))
      return error(400, 'M_UNKNOWN');
    if (typeof body['locked'] === 'boolean') user.locked = body['locked'];
    if (typeof body['admin'] === 'boolean') user.admin = body['admin'];
    if (typeof body['deactivated'] === 'boolean') user.deactivated = body['deactivated'];
    return { status: isNew ? 201 : 200, body: publicFacts(user) };
  }

  #list(url: URL): FakeAnswer {
    if (this.mode === 'mas' && url.searchParams.get('guests') !== 'false') return error(400, 'M_INVALID_PARAM');
    const wanted = (url.searchParams.get('name') ?? '').toLowerCase();
    const withLocked = url.searchParams.get('locked') === 'true';
    const users = [...this.users.values()].filter(
      (user) =>
        (withLocked || !user.locked) &&
        !user.deactivated &&
        (user.name.toLowerCase().includes(wanted) || user.displayname.toLowerCase().includes(wanted)),
    );
    const [from, limit] = [Number(url.searchParams.get('from') ?? 0), Number(url.searchParams.get('limit') ?? 100)];
    const page = users.slice(from, from + limit).map(publicFacts);
    const hasMore = from + limit < users.length;
    return ok({ users: page, total: users.length, ...(hasMore && { next_token: String(from + page.length) }) });
  }

  #moderation(
    method: string,
    url: URL,
    path: string[],
    caller: { userId: string; isAdmin: boolean },
    body: Body,
  ): FakeAnswer {
    if (url.pathname === '/_matrix/client/v3/capabilities')
      return ok({ capabilities: caller.isAdmin ? { 'm.account_moderation': { lock: true, suspend: true } } : {} });
    const target = this.users.get(path.at(-1) ?? '');
    if (url.pathname.startsWith('/_matrix/client/v3/profile/'))
      return target ? ok({ displayname: target.displayname }) : error(404, 'M_NOT_FOUND');
    const verb = /^\/_matrix\/client\/v1\/admin\/(lock|suspend)\//.exec(url.pathname)?.[1];
    if (verb === undefined) return UNRECOGNIZED;
    if (!caller.isAdmin) return error(403, 'M_FORBIDDEN');
    if (target === undefined) return error(404, 'M_NOT_FOUND');
    const flag = verb === 'lock' ? 'locked' : 'suspended';
    if (method === 'PUT') {
      if (target.admin || target.name === caller.userId) return error(403, 'M_FORBIDDEN');
      target[flag] = body[flag] === true;
    }
    return ok({ [flag]: target[flag] });
  }
}

function publicFacts({ devices: _devices, pushers: _pushers, rooms: _rooms, ...facts }: FakeUser): object {
  return facts;
}
