import { PermanentError } from '../../errors.ts';
import { localpartOf, type UserId } from '../../model/ids.ts';
import type { AccountSession, SessionKind } from '../../ports/accounts.ts';
import { clientPath } from '../homeserver.ts';
import type { AdminAnswer, AdminHttp } from './admin-http.ts';
import { objects, textOf, timeOf } from './synapse-admin.ts';

/** The kinds of sessions that MAS has. */
export type MasSessionKind = Exclude<SessionKind, 'device'>;

/** An account in MAS. */
export interface MasUser {
  /** A ULID. */
  readonly id: string;
  readonly isLocked: boolean;
  readonly isDeactivated: boolean;
  readonly isAdmin: boolean;
}

/** A session in MAS, active or finished. */
export interface MasSession extends AccountSession {
  readonly kind: MasSessionKind;
  /** The browser session in which this one was made: whoever holds the device holds that as well. */
  readonly browserSession: string | undefined;
}

interface KindFacts {
  readonly path: string;
  readonly userFilter: string;
  readonly end: 'finish' | 'revoke';
  /** Where in the attributes the owner stands. */
  readonly owner: string;
  readonly ended: string;
}

const KINDS: Readonly<Record<MasSessionKind, KindFacts>> = {
  compat: {
    path: 'compat-sessions',
    userFilter: 'filter[user]',
    end: 'finish',
    owner: 'user_id',
    ended: 'finished_at',
  },
  oauth2: {
    path: 'oauth2-sessions',
    userFilter: 'filter[user]',
    end: 'finish',
    owner: 'user_id',
    ended: 'finished_at',
  },
  browser: { path: 'user-sessions', userFilter: 'filter[user]', end: 'finish', owner: 'user_id', ended: 'finished_at' },
  personal: {
    path: 'personal-sessions',
    userFilter: 'filter[actor_user]',
    end: 'revoke',
    owner: 'actor_user_id',
    ended: 'revoked_at',
  },
};

/** All four, in the order in which they are ended: what has a device first. */
const MAS_SESSION_KINDS = ['oauth2', 'compat', 'personal', 'browser'] as const satisfies readonly MasSessionKind[];

const PAGE_SIZE = '100';
const MAX_PAGES = 100;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** The stable form, and the one of MSC2967. */
const DEVICE_SCOPE = /(?:^|\s)urn:matrix:(?:client|org\.matrix\.msc2967\.client):device:(\S+)/;

/** The calls of MAS's admin API (`/api/admin/v1`) that we need. */
export class MasAdmin {
  readonly #http: AdminHttp;

  constructor(http: AdminHttp) {
    this.#http = http;
  }

  /** undefined where MAS has no such account. */
  async find(user: UserId): Promise<MasUser | undefined> {
    const attempt = 'look an account up in MAS';
    const path = clientPath`/api/admin/v1/users/by-username/${localpartOf(user)}`;
    const answer = await this.#http.call(attempt, { method: 'GET', path });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    const { id, attributes } = resourceOf(answer.body['data'], attempt);
    // The name must be the one that was asked for: what follows acts on this id.
    if (attributes['username'] !== localpartOf(user)) throw unexpected(attempt);
    return {
      id,
      isLocked: typeof attributes['locked_at'] === 'string',
      isDeactivated: typeof attributes['deactivated_at'] === 'string',
      isAdmin: attributes['admin'] === true,
    };
  }

  /** All sessions of all kinds. `onlyActive` is asked of MAS and checked in each row, since MAS ignores filters that it does not know. */
  async sessions(user: MasUser, onlyActive: boolean): Promise<readonly MasSession[]> {
    const all: MasSession[] = [];
    for (const kind of MAS_SESSION_KINDS) all.push(...(await this.#sessionsOf(user, kind, onlyActive)));
    return all;
  }

  /** Ends a session; one that has ended already is fine. */
  async end({ kind, id }: Pick<MasSession, 'kind' | 'id'>): Promise<void> {
    const { path, end } = KINDS[kind];
    const attempt = `end a ${kind} session`;
    const answer = await this.#http.call(attempt, { method: 'POST', path: `/api/admin/v1/${path}/${ulid(id)}/${end}` });
    if (answer.status < 300 || isOver(answer)) return;
    throw this.#http.refused(attempt, answer);
  }

  /** Whether a session is over by now. */
  async isEnded({ kind, id }: Pick<MasSession, 'kind' | 'id'>): Promise<boolean> {
    const { path, ended } = KINDS[kind];
    const attempt = `look at a ${kind} session`;
    const answer = await this.#http.call(attempt, { method: 'GET', path: `/api/admin/v1/${path}/${ulid(id)}` });
    // Removed since: MAS keeps finished sessions for 30 days.
    if (answer.status === 404) return true;
    if (answer.status >= 300) throw this.#http.refused(attempt, answer);
    return typeof resourceOf(answer.body['data'], attempt).attributes[ended] === 'string';
  }

  async change(user: MasUser, verb: 'lock' | 'unlock' | 'reactivate'): Promise<void> {
    await this.#http.ok(`${verb} an account in MAS`, {
      method: 'POST',
      path: `/api/admin/v1/users/${ulid(user.id)}/${verb}`,
    });
  }

  /** A token of a dedicated user that may use Synapse's admin API. */
  async issueAdminToken(actor: MasUser, expiresInSeconds: number): Promise<string> {
    const attempt = 'get a token for the homeserver’s admin API';
    const body = {
      actor_user_id: ulid(actor.id),
      human_name: 'Carebridge account control',
      scope: 'urn:matrix:client:api:* urn:synapse:admin:*',
      expires_in: expiresInSeconds,
    };
    const answer = await this.#http.ok(attempt, { method: 'POST', path: '/api/admin/v1/personal-sessions', body });
    const token = resourceOf(answer.body['data'], attempt).attributes['access_token'];
    if (typeof token !== 'string') throw unexpected(attempt);
    return token;
  }

  async #sessionsOf(user: MasUser, kind: MasSessionKind, onlyActive: boolean): Promise<MasSession[]> {
    const { path, userFilter, owner, ended } = KINDS[kind];
    const attempt = `list the ${kind} sessions of an account`;
    const found: MasSession[] = [];
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { body } = await this.#http.ok(attempt, {
        method: 'GET',
        path: `/api/admin/v1/${path}`,
        query: {
          [userFilter]: user.id,
          ...(onlyActive && { 'filter[status]': 'active' }),
          'page[first]': PAGE_SIZE,
          ...(after !== undefined && { 'page[after]': after }),
        },
      });
      const rows = objects(body['data']).map((row) => resourceOf(row, attempt));
      for (const { id, attributes } of rows) {
        // A filter that MAS does not know is ignored, and then these would be everybody's.
        if (attributes[owner] !== user.id) {
          throw new PermanentError(
            `Could not ${attempt}: MAS answered with sessions of somebody else. Its version may not know the filter \`${userFilter}\`.`,
          );
        }
        const expiresAt = timeOf(attributes['expires_at']) ?? Infinity;
        const isActive = typeof attributes[ended] !== 'string' && expiresAt > Date.now();
        if (isActive || !onlyActive) found.push(toSession(kind, id, attributes));
      }
      const last = rows.at(-1)?.id;
      const next = (body['links'] as { next?: unknown } | undefined)?.next;
      if (typeof next !== 'string' || last === undefined || last === after) return found;
      after = last;
    }
    throw new PermanentError(`Could not ${attempt}: there are too many.`);
  }
}

/** "Already finished" is 400, "already revoked" 409. */
function isOver({ status, body }: AdminAnswer): boolean {
  if (status === 409) return true;
  const words = objects(body['errors'])
    .map(({ title }) => String(title))
    .join(' ');
  return status === 400 && /already|finished/i.test(words);
}

function toSession(kind: MasSessionKind, id: string, attributes: Readonly<Record<string, unknown>>): MasSession {
  const { device_id: device, scope } = attributes;
  return {
    id,
    kind,
    deviceId: typeof device === 'string' ? device : DEVICE_SCOPE.exec(String(scope))?.[1],
    name: textOf(attributes['human_name']),
    createdAt: timeOf(attributes['created_at']),
    lastSeenAt: timeOf(attributes['last_active_at']),
    ip: textOf(attributes['last_active_ip']),
    userAgent: textOf(attributes['user_agent']),
    browserSession: textOf(attributes['user_session_id']),
  };
}

function resourceOf(value: unknown, attempt: string): { id: string; attributes: Readonly<Record<string, unknown>> } {
  const { id, attributes } = (value ?? {}) as { id?: unknown; attributes?: unknown };
  if (typeof id !== 'string' || typeof attributes !== 'object' || attributes === null) throw unexpected(attempt);
  return { id, attributes: attributes as Record<string, unknown> };
}

function ulid(id: string): string {
  if (!ULID.test(id)) throw unexpected('name a session of MAS');
  return id;
}

function unexpected(attempt: string): PermanentError {
  return new PermanentError(`Could not ${attempt}: the answer of MAS is not as its API describes.`);
}
