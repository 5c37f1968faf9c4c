/** A client's session as the homeserver answers it: what a phone that is somewhere else would be told. */
import type { Nurse } from './nurse.ts';
import { waitFor } from './wait-for.ts';

/** What a client that is logged in has. */
export interface Session {
  /** The homeserver's. */
  readonly url: string;
  readonly token: string;
  /** The end of what it has synced; undefined: nothing. */
  readonly since?: string | undefined;
}

/** The session of a real client. */
export function sessionOf({ client }: Nurse): Session {
  const since = client.store.getSyncToken() ?? undefined;
  return { url: client.baseUrl, token: client.getAccessToken() ?? '', since };
}

/** What the homeserver answered, and when (`performance.now()`, ms). */
export interface SessionAnswer {
  readonly status: number;
  readonly errcode: string | undefined;
  readonly soft_logout: boolean | undefined;
  /** As `whoami` says. */
  readonly deviceId: string | undefined;
  readonly at: number;
}

/** A session that is over: the client drops what it holds. */
export const LOGGED_OUT = { status: 401, errcode: 'M_UNKNOWN_TOKEN', soft_logout: false };
/** A locked account: the client keeps what it holds, and may go on later (MSC3939). */
export const LOCKED = { status: 401, errcode: 'M_USER_LOCKED', soft_logout: true };

/** One request with the client's token. */
export async function requestOf(session: Session, path?: string, method?: 'POST'): Promise<SessionAnswer> {
  const { body: _, ...answer } = await call(session, path, method);
  return answer;
}

/** Syncs as a client does, which nearly always has one long-poll pending, until one is refused. `pendingSince`: when that one was begun. */
export async function syncUntilRefused(session: Session): Promise<SessionAnswer & { readonly pendingSince: number }> {
  for (let { since } = session; ;) {
    const pendingSince = performance.now();
    const query = new URLSearchParams({ timeout: '60000', ...(since !== undefined && { since }) });
    const { body, ...answer } = await call(session, `/_matrix/client/v3/sync?${query.toString()}`);
    if (answer.status !== 200) return { ...answer, pendingSince };
    since = body.next_batch;
  }
}

/** Asks until the session is refused. */
export async function refused(session: Session): Promise<SessionAnswer> {
  const answer = async () => {
    const given = await requestOf(session);
    return given.status === 401 ? given : undefined;
  };
  return await waitFor('the end of the session', answer, { everyMs: 20 });
}

async function call({ url, token }: Session, path = '/_matrix/client/v3/account/whoami', method?: 'POST') {
  const answer = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}` },
    ...(method && { method, body: '{}' }),
  });
  const body = (await answer.json()) as {
    readonly errcode?: string;
    readonly soft_logout?: boolean;
    readonly device_id?: string;
    readonly next_batch?: string;
  };
  const { errcode, soft_logout, device_id: deviceId } = body;
  return { status: answer.status, errcode, soft_logout, deviceId, at: performance.now(), body };
}
