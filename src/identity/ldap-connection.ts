import { readFile } from 'node:fs/promises';
import { connect as connectTls } from 'node:tls';
import {
  Client,
  FilterParser,
  InvalidCredentialsError,
  NoSuchObjectError,
  PagedResultsControl,
  SearchRequest,
  type SearchEntry,
  type SearchResponse,
} from 'ldapts';
import { RetryableError } from '../errors.ts';
import type { LdapEntry, LdapSearch } from './ldap-entry.ts';

/** How to reach a directory. */
export interface LdapServer {
  /** `ldap://host:port` or `ldaps://host:port`. */
  readonly url: string;
  /** Encrypts an `ldap://` connection before anything else is said; `ldaps://` is encrypted anyhow. */
  readonly startTls: boolean;
  /** PEM file of the authority that signed the server's certificate; undefined: those of Node. Read anew each time: certificates are replaced. */
  readonly caFile: string | undefined;
  /** Who reads; undefined: anonymous. */
  readonly bindDn: string | undefined;
  readonly password: string | undefined;
  /** For the connection and for each answer, ms. */
  readonly timeoutMs: number;
  /** Entries in one answer. Directories cap what they give without pages. */
  readonly pageSize: number;
}

/** People of one directory; each is kept in memory while it is read. */
const MAX_ENTRIES = 500_000;
/** Pages without an entry, one after another: Active Directory gives some where a search is slow. */
const MAX_EMPTY_PAGES = 1_000;

/** Two methods of `Client` that are not public (ldapts 9.2.0, the exact version of package.json). */
interface RawClient {
  _nextMessageId(): number;
  _send(request: SearchRequest): Promise<SearchResponse | undefined>;
}

/** An open, bound connection. */
export class LdapConnection implements LdapSearch, AsyncDisposable {
  readonly #client: Client;
  readonly #server: LdapServer;

  private constructor(client: Client, server: LdapServer) {
    this.#client = client;
    this.#server = server;
  }

  /** Throws RetryableError, in plain words, where the server cannot be reached or turns us down. */
  static async open(server: LdapServer): Promise<LdapConnection> {
    const { url, timeoutMs, caFile, startTls, bindDn, password } = server;
    // A bind without a password succeeds as nobody (RFC 4513, 5.1.2), who may see a part only.
    if (bindDn !== undefined && !password) throw new RetryableError('There is no password for `directory.bind_dn`.');
    const ca = caFile === undefined ? undefined : await readAuthority(caFile);
    const tls = { ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' as const };
    const client = new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(url.startsWith('ldaps:') && { tlsOptions: tls }),
      // Without a limit of its own a handshake that is never answered would wait for ever.
      createSecureConnection: ((...args: Parameters<typeof connectTls>) => {
        const socket = connectTls(...args);
        const timer = setTimeout(() => socket.destroy(new Error('TLS handshake timed out')), timeoutMs);
        for (const event of ['secureConnect', 'close']) socket.once(event, () => clearTimeout(timer));
        return socket;
      }) as typeof connectTls,
    });
    const connection = new LdapConnection(client, server);
    try {
      if (startTls && url.startsWith('ldap:')) {
        const host = new URL(url).hostname;
        await client.startTLS({ ...tls, host, ...(!/^[\d.]+$|:/.test(host) && { servername: host }) });
      }
      // An anonymous bind too: it shows that an LDAP server is there.
      await client.bind(bindDn ?? '', bindDn === undefined ? '' : password);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw fault(error);
    }
    return connection;
  }

  async search(base: string, options: Parameters<LdapSearch['search']>[1]): Promise<readonly LdapEntry[] | undefined> {
    try {
      return await this.#allPages(base, options);
    } catch (error) {
      if (error instanceof NoSuchObjectError) return undefined;
      throw fault(error);
    }
  }

  /**
   * `Client.search` would take an empty page for the last one, which it need not be (RFC 2696, 3), and after a lost connection go on over a new
   * one without a bind: both are half answers. So pages are asked for here, over this connection alone.
   */
  async #allPages(base: string, { scope, filter, attributes }: Parameters<LdapSearch['search']>[1]) {
    const entries: LdapEntry[] = [];
    const { pageSize: size, timeoutMs } = this.#server;
    const raw = this.#client as unknown as RawClient;
    const page = new PagedResultsControl({ value: { size } });
    for (let empty = 0; ;) {
      if (!this.#client.isBound) throw new RetryableError('The directory closed the connection.');
      const request = new SearchRequest({
        messageId: raw._nextMessageId(),
        baseDN: base,
        scope,
        filter: FilterParser.parseString(filter),
        attributes: [...attributes],
        timeLimit: Math.ceil(timeoutMs / 1000),
        controls: scope === 'base' ? [] : [page],
      });
      const response = await raw._send(request);
      if (response === undefined || response.status !== 0) {
        const code = response?.status ?? -1;
        if (code === NO_SUCH_OBJECT) return undefined;
        throw new RetryableError(WORDS_BY_CODE[code] ?? `The directory answered with LDAP code ${code}.`);
      }
      // References to other servers are not followed: `searchReferences` is left alone.
      entries.push(...response.searchEntries.map(toEntry));
      const cookie = (response.controls ?? []).find((control) => control instanceof PagedResultsControl)?.value?.cookie;
      if (cookie === undefined || cookie.length === 0) return entries;
      empty = response.searchEntries.length === 0 ? empty + 1 : 0;
      if (entries.length > MAX_ENTRIES || empty > MAX_EMPTY_PAGES) {
        throw new RetryableError('The directory’s answer does not end: narrow `directory.base` or `directory.filter`.');
      }
      page.value = { size, cookie };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.unbind().catch(() => undefined);
  }
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RetryableError('The file `directory.ca_file` cannot be read.', { cause });
  }
}

const NO_SUCH_OBJECT = 32;

const WORDS_BY_CODE: Readonly<Record<number, string>> = {
  3: 'The directory’s time limit is too short for the search.',
  4: 'The directory’s size limit for us is too small: the answer would not be complete.',
  10: 'The directory refers to another server for this part; name that server in the configuration.',
  11: 'The directory’s administrative limit is too small: the answer would not be complete.',
  12: 'The directory cannot answer in pages.',
  34: 'A distinguished name in the configuration is not valid.',
  49: 'The directory turned down the user or the password.',
  50: 'The directory does not let this user read that part.',
};

function toEntry(entry: SearchEntry): LdapEntry {
  const attributes = new Map<string, readonly string[]>();
  for (const { type, values } of entry.attributes) {
    attributes.set(
      type.toLowerCase(),
      values.map((value) => (typeof value === 'string' ? value : value.toString('utf8'))),
    );
  }
  return { dn: entry.name, attributes };
}

/** What another said is kept as the cause only: it may hold names. */
function fault(error: unknown): RetryableError {
  if (error instanceof RetryableError) return error;
  if (error instanceof InvalidCredentialsError) return new RetryableError(WORDS_BY_CODE[49] ?? '', { cause: error });
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (typeof code === 'number') {
    const words = WORDS_BY_CODE[code] ?? `The directory answered with LDAP code ${code}.`;
    return new RetryableError(words, { cause: error });
  }
  if (typeof code === 'string' && /CERT|SSL|TLS|SIGNED|ISSUER|ALTNAME/.test(code)) {
    return new RetryableError(`The directory’s certificate was not accepted (${code}).`, { cause: error });
  }
  const why = typeof code === 'string' ? ` (${code})` : /time/i.test(message) ? ' (no answer in time)' : '';
  return new RetryableError(`The directory cannot be reached${why}.`, { cause: error });
}
