/** Account control over a homeserver whose accounts belong to MAS, whichever of the two are played. */
import { randomUUID } from 'node:crypto';
import { openAccounts, type AccountsOptions } from '../../src/matrix/accounts/detect.ts';
import type { UserId } from '../../src/model/ids.ts';
import { probe, setPusher, WHOAMI, type AccountsBench } from './accounts-contract.ts';
import type { MasLogin, MasSessionKind, TestMas } from './test-mas.ts';

/** What came back. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface MasBench extends AccountsBench {
  readonly mas: TestMas;
  readonly options: AccountsOptions;
  /** A session of any kind. */
  session(user: UserId, kind: MasSessionKind, deviceId?: string): Promise<MasLogin>;
  /** A call of MAS's admin API, below `/api/admin/v1/`. */
  masAdmin(method: string, path: string, body?: object): Promise<Answered>;
  /** A call of Synapse's admin API as an administrator by hand. */
  synapseAdmin(method: string, path: string, body?: object): Promise<Answered>;
}

const ADMIN_USER = '@carebridge-admin:hospital.test' as UserId;

/** Makes it, and the account in whose name Synapse's admin API is used. */
export async function masBench(
  mas: TestMas,
  homeserverUrl: string,
  changes: Partial<AccountsOptions> = {},
): Promise<MasBench> {
  await mas.addUser(localpartOf(ADMIN_USER), { admin: true });
  const { url, clientId, clientSecret } = mas;
  const options: AccountsOptions = {
    adapter: 'auto',
    homeserverUrl,
    adminToken: undefined,
    asToken: 'as-token',
    mas: { url, clientId, clientSecret, adminUser: ADMIN_USER },
    ...changes,
  };
  const accounts = openAccounts(options);
  let adminToken: string | undefined;

  async function masAdmin(method: string, path: string, body?: object): Promise<Answered> {
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const granted = await fetch(new URL('oauth2/token', url), {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'urn:mas:admin' }),
    });
    const { access_token: token } = (await granted.json()) as { access_token: string };
    return call(new URL(`api/admin/v1/${path}`, url), method, token, body);
  }

  /** A personal session's: the way that needs no browser. */
  async function tokenForSynapse(): Promise<string> {
    const { body: found } = await masAdmin('GET', `users/by-username/${localpartOf(ADMIN_USER)}`);
    const { id } = found['data'] as { id: string };
    const { body: made } = await masAdmin('POST', 'personal-sessions', {
      actor_user_id: id,
      human_name: 'by hand',
      scope: 'urn:matrix:client:api:* urn:synapse:admin:*',
    });
    return (made['data'] as { attributes: { access_token: string } }).attributes.access_token;
  }

  return {
    mode: 'mas',
    mas,
    options,
    accounts,
    masAdmin,
    async newUser() {
      const name = `nurse-${randomUUID().slice(0, 8)}`;
      await mas.addUser(name);
      return `@${name}:hospital.test` as UserId;
    },
    session: (user, kind, deviceId) => mas.login(localpartOf(user), kind, deviceId),
    login: async (user, deviceId) => (await mas.login(localpartOf(user), 'oauth2', deviceId)).token,
    passwordLogin: async (user, deviceId) => (await mas.login(localpartOf(user), 'compat', deviceId)).token,
    setPusher: (token, name) => setPusher(homeserverUrl, token, name),
    whoami: (token) => probe(homeserverUrl, token, WHOAMI),
    send: (token) => probe(homeserverUrl, token, '/_matrix/client/v3/createRoom', 'POST'),
    async deactivate(user) {
      const { body } = await masAdmin('GET', `users/by-username/${localpartOf(user)}`);
      const { id } = body['data'] as { id: string };
      await masAdmin('POST', `users/${id}/deactivate`, { skip_erase: true });
    },
    async synapseAdmin(method, path, body) {
      adminToken ??= await tokenForSynapse();
      return call(new URL(`/_synapse/admin/${path}`, homeserverUrl), method, adminToken, body);
    },
  };
}

async function call(url: URL, method: string, token: string, body?: object): Promise<Answered> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as Answered['body']) : {} };
}

function localpartOf(user: UserId): string {
  return user.slice(1, user.indexOf(':'));
}
