import { PermanentError, RetryableError } from '../../errors.ts';
import { parseErrcode } from '../matrix-fault.ts';
import { faultOf, IS_RETRIED } from './admin-fault.ts';
import type { TokenSource } from './admin-http.ts';

export interface MasTokenOptions {
  /** Where MAS is reached, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Unix ms. */
  readonly now?: () => number;
}

const TIMEOUT_MS = 10_000;
/** Renewed this long before it ends, so that it does not end under way. ms. */
const MARGIN_MS = 30_000;

interface Token {
  readonly value: string;
  readonly until: number;
}

/** A token of the scope `urn:mas:admin` by client credentials (300 s), made anew when needed. */
export class MasToken implements TokenSource {
  readonly credential = '`accounts.mas_client_id`';
  readonly #options: MasTokenOptions;
  readonly #now: () => number;
  #token: Token | undefined;
  #making: Promise<Token> | undefined;

  constructor(options: MasTokenOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async get(): Promise<string> {
    if (this.#token && this.#now() < this.#token.until - MARGIN_MS) return this.#token.value;
    return (await this.#make()).value;
  }

  async renew(refused: string): Promise<string> {
    if (this.#token && this.#token.value !== refused) return this.#token.value;
    return (await this.#make()).value;
  }

  async #make(): Promise<Token> {
    this.#making ??= this.#request().finally(() => (this.#making = undefined));
    return (this.#token = await this.#making);
  }

  async #request(): Promise<Token> {
    const { url, clientId, clientSecret } = this.#options;
    const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
    const attempt = 'Could not get a token of Matrix Authentication Service';
    let response: Response;
    let body: { access_token?: unknown; expires_in?: unknown; error?: unknown } | undefined;
    try {
      response = await fetch(`${url.replace(/\/+$/, '')}/oauth2/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials.toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'urn:mas:admin' }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
      body = (await response.json().catch(() => undefined)) as typeof body;
    } catch (error) {
      const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
      const reason = name === 'TimeoutError' ? 'timeout' : (parseErrcode(cause?.code) ?? 'no answer');
      throw new RetryableError(`${attempt}: it cannot be reached (${reason}).`, { cause: error });
    }
    const fault = faultOf(response);
    if (fault !== undefined && IS_RETRIED[fault])
      throw new RetryableError(`${attempt}: it answered ${response.status}.`);
    if (!response.ok || typeof body?.access_token !== 'string') {
      const code = parseErrcode(body?.error) ?? response.status;
      throw new PermanentError(
        `${attempt} (${code}). Check \`accounts.mas_client_id\` and its secret: the client must be listed in \`policy.data.admin_clients\` of MAS. \`carebridge doctor\` shows whether it is accepted.`,
      );
    }
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : 60;
    return { value: body.access_token, until: this.#now() + seconds * 1000 };
  }
}
