/** A client's session as the homeserver answers it: what a phone that is somewhere else would be told. */
import type { Nurse } from '../../support/nurse.ts';
import { waitFor } from '../../support/wait-for.ts';

/** What the homeserver answered, and when (`performance.now()`, ms). */
export interface SessionAnswer {
  readonly status: number;
  readonly errcode: string | undefined;
  readonly soft_logout: boolean | undefined;
  readonly at: number;
}

/** A session that is over: the client drops what it holds. */
export const LOGGED_OUT = { status: 401, errcode: 'M_UNKNOWN_TOKEN', soft_logout: false };
/** A locked account: the client keeps what it holds, and may go on later (MSC3939). */
export const LOCKED = { status: 401, errcode: 'M_USER_LOCKED', soft_logout: true };

/** One request with the client's token. */
export async function requestOf(nurse: Nurse, path?: string, method?: 'POST'): Promise<SessionAnswer> {
  const { body: _, ...answer } = await call(nurse, path, method);
  return answer;
}

async function call({ client }: Nurse, path = '/_matrix/client/v3/account/whoami', method?: 'POST') {
  const answer = await fetch(client.baseUrl + path, {
    headers: { authorization: `Bearer ${client.getAccessToken()}` },
    ...(method && { method, body: '{}' }),
  });
  const body = (await answer.json()) as { errcode?: string; soft_logout?: boolean; next_batch?: string };
  const { errcode, soft_logout } = body;
  return { status: answer.status, errcode, soft_logout, at: performance.now(), body };
}

/** Syncs as a client does, which nearly always has one long-poll pending, until one is refused. `pendingSince`: when that one was begun. */
export async function syncUntilRefused(nurse: Nurse): Promise<SessionAnswer & { readonly pendingSince: number }> {
  for (let since = nurse.client.store.getSyncToken() ?? ''; ;) {
    const pendingSince = performance.now();
    const query = new URLSearchParams({ timeout: '60000', since });
    const { body, ...answer } = await call(nurse, `/_matrix/client/v3/sync?${query.toString()}`);
    if (answer.status !== 200) return { ...answer, pendingSince };
    since = body.next_batch ?? '';
  }
}

/** Asks until the session is over. */
export async function ended(nurse: Nurse): Promise<SessionAnswer> {
  const answer = async () => {
    const given = await requestOf(nurse);
    return given.status === 401 ? given : undefined;
  };
  return await waitFor('the end of the session', answer, { everyMs: 10 });
}

/** Has pushes sent for this session, to nowhere. */
export async function pushTo(nurse: Nurse, name: string): Promise<void> {
  await nurse.client.setPusher({
    ...{ app_display_name: name, app_id: 'org.carebridge.test', device_display_name: name, kind: 'http', lang: 'en' },
    ...{ pushkey: `key of ${name}`, append: true, data: { url: 'http://127.0.0.1:9/_matrix/push/v1/notify' } },
  });
}
