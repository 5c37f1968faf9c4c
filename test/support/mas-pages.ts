/** Somebody with a browser at the pages of MAS: logs in, and lets a client in (RFC 6749, authorization code with PKCE). */
import { createHash, randomBytes } from 'node:crypto';

/** Who logs in. */
export interface Person {
  readonly localpart: string;
  readonly password: string;
}

const REDIRECT_URI = 'http://127.0.0.1/done';
const MAX_STEPS = 10;

/** A session of the browser itself. Throws where the account may not log in. */
export async function loginInBrowser(masUrl: string, person: Person): Promise<void> {
  await new Browser().logIn(new URL('login', masUrl), person);
}

/** Returns the access token of a client on that device. */
export async function loginWithOauth2(
  masUrl: string,
  person: Person,
  { clientId, deviceId }: { readonly clientId: string; readonly deviceId: string },
): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const start = new URL('authorize', masUrl);
  start.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    state: 'x',
    scope: `urn:matrix:client:api:* urn:matrix:client:device:${deviceId}`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const code = (await new Browser().logIn(start, person)).searchParams.get('code');
  if (code === null) throw new Error('MAS let nobody in');
  const answer = await fetch(new URL('oauth2/token', masUrl), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${answer.status} ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Cookies, redirects, and the two forms. */
class Browser {
  readonly #cookies = new Map<string, string>();

  /** Fills in whatever is asked until there is nothing more to ask; returns where that led. */
  async logIn(start: URL, { localpart, password }: Person): Promise<URL> {
    let answer = await this.#open(start);
    for (let step = 0; step < MAX_STEPS; step++) {
      if (answer.form === undefined) return answer.at;
      const { csrf, asksPassword } = answer.form;
      if (asksPassword && step > 0) throw new Error('MAS did not accept the login');
      answer = await this.#open(answer.at, {
        csrf,
        ...(asksPassword && { username: localpart, password }),
      });
    }
    throw new Error('MAS asks without end');
  }

  async #open(
    at: URL,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ at: URL; form?: { csrf: string; asksPassword: boolean } }> {
    const answer = await fetch(at, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { body: new URLSearchParams(form) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.#cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location !== null) {
      const next = new URL(location, at);
      return next.href.startsWith(REDIRECT_URI) ? { at: next } : this.#open(next);
    }
    const page = await answer.text();
    if (!answer.ok) throw new Error(`MAS answered ${answer.status} to ${at.pathname}`);
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1];
    const asksPassword = page.includes('name="password"');
    // Its own pages, once logged in, have forms too: they are none of ours.
    const isOurs = asksPassword || at.pathname.includes('/consent/');
    return csrf !== undefined && isOurs ? { at, form: { csrf, asksPassword } } : { at };
  }
}
