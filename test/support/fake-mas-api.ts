/** How MAS's admin API answers, over what the fake one knows. */
import { randomBytes } from 'node:crypto';
import type { MasSessionKind } from './test-mas.ts';

export interface FakeMasUser {
  readonly id: string;
  readonly username: string;
  lockedAt: string | undefined;
  deactivatedAt: string | undefined;
  admin: boolean;
}

export interface FakeMasSession {
  readonly id: string;
  readonly kind: MasSessionKind;
  readonly userId: string;
  readonly deviceId: string | undefined;
  readonly scope: string;
  readonly browserSession: string | undefined;
  readonly token: string;
  readonly createdAt: string;
  finishedAt: string | undefined;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The lists of sessions. */
export const SESSION_PATHS: Readonly<Record<string, MasSessionKind>> = {
  'compat-sessions': 'compat',
  'oauth2-sessions': 'oauth2',
  'user-sessions': 'browser',
  'personal-sessions': 'personal',
};
/** Filters that each list knows. Any other is ignored, silently. */
const FILTERS: Readonly<Record<MasSessionKind, readonly string[]>> = {
  compat: ['filter[user]', 'filter[status]'],
  oauth2: ['filter[user]', 'filter[status]', 'filter[scope]'],
  browser: ['filter[user]', 'filter[status]'],
  personal: ['filter[actor_user]', 'filter[status]'],
};
const DEFAULT_PAGE = 10;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A page of sessions. `unknownFilter`: pretends to be a version that does not know it. */
export function listSessions(
  sessions: Iterable<FakeMasSession>,
  kind: MasSessionKind,
  url: URL,
  unknownFilter: string | undefined,
): FakeAnswer {
  const filter = (name: string): string | undefined =>
    name !== unknownFilter && FILTERS[kind].includes(name) ? (url.searchParams.get(name) ?? undefined) : undefined;
  const owner = filter('filter[user]') ?? filter('filter[actor_user]');
  const status = filter('filter[status]');
  const scope = filter('filter[scope]');
  const after = url.searchParams.get('page[after]');
  const first = Number(url.searchParams.get('page[first]') ?? DEFAULT_PAGE);
  const all = [...sessions]
    .filter((session) => session.kind === kind && (owner === undefined || session.userId === owner))
    .filter(({ finishedAt }) => status === undefined || (status === 'active') === (finishedAt === undefined))
    .filter((session) => scope === undefined || session.scope.split(' ').includes(scope))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const left = all.filter(({ id }) => after === null || id > after);
  const rows = left.slice(0, first);
  const next = left.length > rows.length ? { next: `${url.pathname}?page[after]=${rows.at(-1)?.id}` } : {};
  return {
    status: 200,
    body: { meta: { count: all.length }, data: rows.map(describeSession), links: { self: url.pathname, ...next } },
  };
}

/** A session as a resource. Each kind has its own attributes. */
export function describeSession(session: FakeMasSession): {
  type: string;
  id: string;
  attributes: Record<string, unknown>;
} {
  const { kind, id, userId, deviceId, scope, browserSession, createdAt, finishedAt = null } = session;
  const common = { created_at: createdAt, last_active_at: createdAt, last_active_ip: '10.1.2.3' };
  const ofUser = { ...common, user_id: userId, user_session_id: browserSession ?? null, finished_at: finishedAt };
  switch (kind) {
    case 'compat':
      return {
        type: 'compat-session',
        id,
        attributes: { ...ofUser, device_id: deviceId ?? null, user_agent: null, human_name: null },
      };
    case 'oauth2':
      return {
        type: 'oauth2-session',
        id,
        attributes: { ...ofUser, client_id: CLIENT_OF_SESSIONS, scope, user_agent: null, human_name: null },
      };
    case 'browser':
      return { type: 'user-session', id, attributes: { ...common, user_id: userId, finished_at: finishedAt } };
    case 'personal':
      return {
        type: 'personal-session',
        id,
        attributes: { ...common, actor_user_id: userId, scope, revoked_at: finishedAt, expires_at: null },
      };
  }
}

export function describeUser({ id, username, lockedAt, deactivatedAt, admin }: FakeMasUser): object {
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

export function data(value: object, status = 200): FakeAnswer {
  return { status, body: { data: value, links: {} } };
}

export function failed(status: number, title: string): FakeAnswer {
  return { status, body: { errors: [{ title }] } };
}

export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

let counter = 0;

/** In the order in which they are made, as ULIDs are. */
export function newUlid(): string {
  const order = (++counter).toString(32).padStart(9, '0');
  const head = [...order].map((digit) => CROCKFORD[parseInt(digit, 32)]).join('');
  return `0${head}${[...randomBytes(16)].map((byte) => CROCKFORD[byte & 31]).join('')}`;
}

const CLIENT_OF_SESSIONS = newUlid();
