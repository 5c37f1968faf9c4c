/** Asks the homeserver what it tells of its set-up. Every answer is a value, and what is asked for changes nothing. */
import type { HomeserverFacts, HomeserverSettings } from '../model/homeserver-settings.ts';
import { parseUserId, type UserId } from '../model/ids.ts';
import type { HomeserverProbe } from '../ports/homeserver-probe.ts';
import { detectAccountMode } from './account-mode.ts';
import { askHomeserver, type HomeserverAnswer } from './ask-homeserver.ts';
import { clientPath } from './homeserver.ts';

/** What asking needs. */
export interface SettingsProbeParts {
  /** The client-server API. */
  readonly url: string;
  readonly domain: string;
  readonly asToken: string;
  /** Of a user on our server who is in no room with the registration's sender, e.g. an administrator. */
  readonly somebody: UserId | undefined;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
/** Node's codes for a certificate that a client does not believe either. */
const BAD_CERTIFICATE = /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_)/;

type Found = Partial<HomeserverSettings>;

/** What Synapse and other homeservers tell by their client-server API. */
export class MatrixSettingsProbe implements HomeserverProbe {
  readonly #parts: SettingsProbeParts;

  constructor(parts: SettingsProbeParts) {
    this.#parts = parts;
  }

  async probe(declared: HomeserverSettings): Promise<HomeserverFacts> {
    const versions = await this.#ask('GET', '/_matrix/client/versions');
    if ('unreachable' in versions) {
      const problems = [`the homeserver does not answer (${versions.unreachable}): nothing could be verified`];
      return { accounts: 'unknown', software: undefined, verified: {}, problems };
    }
    const mode = await detectAccountMode(this.#parts.url);
    const found = await Promise.all([
      this.#registration(mode.mode),
      declared.guestAccess === true || mode.mode !== 'native' ? guestsOf(mode.mode) : this.#guests(),
      this.#roomDirectory(),
      this.#profiles(),
      this.#urlPreviews(),
      this.#tls(),
    ]);
    return {
      accounts: mode.mode,
      software: await this.#software(),
      verified: Object.assign({}, ...found) as HomeserverSettings,
      problems: mode.mode === 'unknown' ? [mode.reason] : [],
    };
  }

  /** Without a flow to follow, nothing is registered: the answer to an empty request tells which flows there are. */
  async #registration(accounts: HomeserverFacts['accounts']): Promise<Found> {
    // The service tells nobody whether it takes registrations.
    if (accounts === 'mas') return {};
    const answer = await this.#ask('POST', '/_matrix/client/v3/register', {});
    if ('unreachable' in answer) return {};
    if (answer.status === 403) return { registration: 'off' };
    const flows = answer.body['flows'];
    if (answer.status !== 401 || !Array.isArray(flows)) return {};
    const isGuarded = flows.every((flow: unknown) => stagesOf(flow).includes('m.login.registration_token'));
    return { registration: isGuarded ? 'token' : 'open' };
  }

  /** Where guests are let in, this makes one: see `HomeserverProbe`. */
  async #guests(): Promise<Found> {
    const answer = await this.#ask('POST', '/_matrix/client/v3/register?kind=guest', {});
    if ('unreachable' in answer) return {};
    if (answer.status === 200) return { guestAccess: true };
    return answer.status === 403 ? { guestAccess: false } : {};
  }

  /** Publishing a room that is not there fails: as forbidden where nothing is published, as unknown where something could be. */
  async #roomDirectory(): Promise<Found> {
    const roomId = `!none:${this.#parts.domain}`;
    const path = clientPath`/_matrix/client/v3/directory/list/room/${roomId}`;
    const answer = await this.#ask('PUT', path, { visibility: 'public' }, 'as us');
    if ('unreachable' in answer) return {};
    if (answer.status === 403) return { roomDirectory: false };
    const rooms = await this.#ask('GET', '/_matrix/client/v3/publicRooms?limit=1', undefined, 'as us');
    const chunk = 'unreachable' in rooms ? [] : rooms.body['chunk'];
    // None is published now: whether one may be, only the operator knows.
    return Array.isArray(chunk) && chunk.length > 0 ? { roomDirectory: true } : {};
  }

  async #profiles(): Promise<Found> {
    const { somebody } = this.#parts;
    if (somebody === undefined) return {};
    const path = clientPath`/_matrix/client/v3/profile/${somebody}`;
    const stranger = await this.#ask('GET', path);
    if ('unreachable' in stranger) return {};
    if (stranger.status === 200 || stranger.status === 404) return { limitProfileRequests: false };
    const sender = await this.#ask('GET', path, undefined, 'as us');
    if ('unreachable' in sender) return {};
    if (sender.status === 403) return { limitProfileRequests: true };
    return sender.status === 200 ? { limitProfileRequests: false } : {};
  }

  /** Without the address to look at, nothing is fetched. */
  async #urlPreviews(): Promise<Found> {
    const answer = await this.#ask('GET', '/_matrix/client/v1/media/preview_url', undefined, 'as us');
    if ('unreachable' in answer) return {};
    if (answer.errcode === 'M_UNRECOGNIZED' || answer.errcode === 'M_NOT_FOUND') return { urlPreviews: false };
    return answer.status === 400 ? { urlPreviews: true } : {};
  }

  /** Goes the way of a client: from the domain to the address in its .well-known, or in the homeserver's own. */
  async #tls(): Promise<Found> {
    const { domain, url } = this.#parts;
    const path = '/.well-known/matrix/client';
    const public_ = await this.#askAt(`https://${domain}`, 'GET', path);
    const own = baseUrlIn(public_) === undefined ? await this.#askAt(url, 'GET', path) : public_;
    const baseUrl = baseUrlIn(own);
    if (baseUrl === undefined) return {};
    if (!baseUrl.startsWith('https://')) return { tls: false };
    const answer = await this.#askAt(baseUrl, 'GET', '/_matrix/client/versions');
    if ('unreachable' in answer) return BAD_CERTIFICATE.test(answer.unreachable) ? { tls: false } : {};
    // Where something else answers, e.g. a page that only devices inside get past, it is not known.
    return answer.status === 200 ? { tls: true } : {};
  }

  async #software(): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.#parts.url.replace(/\/+$/, '')}/_matrix/client/versions`, {
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return /^Synapse\/[\w.-]{1,40}/.exec(response.headers.get('server') ?? '')?.[0];
    } catch {
      return undefined;
    }
  }

  #ask(method: string, path: string, body?: object, who?: 'as us'): Promise<HomeserverAnswer> {
    return this.#askAt(this.#parts.url, method, path, body, who);
  }

  #askAt(url: string, method: string, path: string, body?: object, who?: 'as us'): Promise<HomeserverAnswer> {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    if (who !== undefined) headers['authorization'] = `Bearer ${this.#parts.asToken}`;
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    return askHomeserver(url, path, init, this.#timeoutMs);
  }

  get #timeoutMs(): number {
    return this.#parts.timeoutMs ?? TIMEOUT_MS;
  }
}

/** A user of our own server, to look at whose profile. */
export function somebodyOn(domain: string, users: readonly UserId[]): UserId | undefined {
  return users.find((user) => parseUserId(user) !== undefined && user.endsWith(`:${domain}`));
}

/** MAS knows no guests. */
async function guestsOf(accounts: HomeserverFacts['accounts']): Promise<Found> {
  return accounts === 'mas' ? { guestAccess: false } : {};
}

function stagesOf(flow: unknown): readonly unknown[] {
  const stages = typeof flow === 'object' && flow !== null ? (flow as { stages?: unknown }).stages : undefined;
  return Array.isArray(stages) ? stages : [];
}

function baseUrlIn(answer: HomeserverAnswer): string | undefined {
  if ('unreachable' in answer || answer.status !== 200) return undefined;
  const section = answer.body['m.homeserver'];
  const url =
    typeof section === 'object' && section !== null ? (section as { base_url?: unknown }).base_url : undefined;
  return typeof url === 'string' && /^https?:\/\//.test(url) ? url : undefined;
}
