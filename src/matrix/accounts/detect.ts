import { isFault, UserError } from '../../errors.ts';
import type { AccountsConfig } from '../../config/config.ts';
import type { UserId } from '../../model/ids.ts';
import type { Accounts, AccountsMode } from '../../ports/accounts.ts';
import { accountOwner, type AccountOwner } from '../account-mode.ts';
import { AdminHttp, fixedToken, type TokenSource } from './admin-http.ts';
import { MasAccounts } from './mas-accounts.ts';
import { MasAdmin } from './mas-admin.ts';
import { MasToken } from './mas-token.ts';
import { ModerationAccounts, moderationAbilities } from './moderation-accounts.ts';
import { SynapseAccounts } from './synapse-accounts.ts';
import { SynapseAdmin } from './synapse-admin.ts';

/** How account control is set up. */
export interface AccountsOptions extends Pick<AccountsConfig, 'adapter' | 'adminToken' | 'mas'> {
  readonly homeserverUrl: string;
  readonly asToken: string;
  readonly workerMs?: number;
  readonly now?: () => number;
}

/** What was detected is believed for so long. ms. */
const BELIEVE_MS = 10_000;
/** That nothing could be detected is believed just long enough: whoever asks what is behind a fault does not wait for a silent server again. ms. */
const BELIEVE_FAULT_MS = 1_000;
/** An hour; a new one is made once it is refused. */
const ADMIN_TOKEN_SECONDS = 3_600;

/** The adapter that fits, behind one face: what fits is asked before each change, so that a wrong one refuses rather than pretends. */
export function openAccounts(options: AccountsOptions): Accounts {
  const { now = Date.now } = options;
  const detect = believing(() => accountOwner(options.homeserverUrl), now);
  const native = new SynapseAccounts({
    synapse: synapseOf(options, credentialOf(options)),
    detect,
  });
  const mas = options.mas && masOf(options, options.mas, detect);
  const http = new AdminHttp({ server: 'the homeserver', url: options.homeserverUrl, token: credentialOf(options) });
  const abilities = believing(() => moderationAbilities(http), now);
  const moderation = new ModerationAccounts({ http, detect, abilities });
  const fixed = { native, mas, moderation };
  const isKnownSynapse = believing(() => isSynapse(options), now);

  async function choose(): Promise<Accounts> {
    if (options.adapter !== 'auto')
      return fixed[options.adapter] ?? refuse('`accounts.adapter` is mas, but `accounts.mas_url` is not set.');
    const found = await detect();
    if (found.mode === 'mas') {
      return (
        mas ??
        refuse(`The accounts belong to Matrix Authentication Service (${found.issuer}): set \`accounts.mas_url\`.`)
      );
    }
    return (await isKnownSynapse()) ? native : moderation;
  }
  return new ChosenAccounts(choose);
}

/** Passes each call on to the adapter that fits at that moment. */
class ChosenAccounts implements Accounts {
  readonly #choose: () => Promise<Accounts>;

  constructor(choose: () => Promise<Accounts>) {
    this.#choose = choose;
  }

  async mode(): Promise<AccountsMode> {
    try {
      return await (await this.#choose()).mode();
    } catch (error) {
      if (isFault(error) || error instanceof UserError) return { mode: 'refusing', reason: error.message };
      throw error;
    }
  }

  readonly find = this.#pass('find');
  readonly search = this.#pass('search');
  readonly devices = this.#pass('devices');
  readonly sessions = this.#pass('sessions');
  readonly pushers = this.#pass('pushers');
  readonly whois = this.#pass('whois');
  readonly joinedRooms = this.#pass('joinedRooms');
  readonly endDevice = this.#pass('endDevice');
  readonly endAllSessions = this.#pass('endAllSessions');
  readonly lock = this.#pass('lock');
  readonly unlock = this.#pass('unlock');
  readonly suspend = this.#pass('suspend');
  readonly unsuspend = this.#pass('unsuspend');
  readonly reactivate = this.#pass('reactivate');

  #pass<Name extends Exclude<keyof Accounts, 'mode'>>(name: Name): Accounts[Name] {
    const call = async (...args: unknown[]): Promise<unknown> => {
      const accounts = await this.#choose();
      return (accounts[name] as (...args: unknown[]) => unknown).apply(accounts, args);
    };
    return call as Accounts[Name];
  }
}

function refuse(reason: string): never {
  throw new UserError(`Nothing was done. ${reason}`);
}

/** The token that was configured, or the appservice’s own. */
function credentialOf({ adminToken, asToken }: AccountsOptions): TokenSource {
  return adminToken === undefined
    ? fixedToken(asToken, 'the registration')
    : fixedToken(adminToken, '`accounts.admin_token`');
}

function synapseOf({ homeserverUrl }: AccountsOptions, token: TokenSource): SynapseAdmin {
  return new SynapseAdmin(new AdminHttp({ server: 'the homeserver', url: homeserverUrl, token }));
}

function masOf(
  options: AccountsOptions,
  { adminUser, ...client }: NonNullable<AccountsOptions['mas']>,
  detect: () => Promise<AccountOwner>,
): MasAccounts {
  const clock = options.now && { now: options.now };
  const token = new MasToken({ ...client, ...clock });
  const mas = new MasAdmin(new AdminHttp({ server: 'MAS', url: client.url, token }));
  const synapseToken = options.adminToken === undefined ? adminTokenOf(mas, adminUser) : credentialOf(options);
  const { workerMs } = options;
  return new MasAccounts({
    mas,
    synapse: synapseOf(options, synapseToken),
    detect,
    ...(workerMs !== undefined && { workerMs }),
    ...clock,
  });
}

/** A personal session's token for Synapse's admin API, made when first needed and when it is no longer accepted. */
function adminTokenOf(mas: MasAdmin, adminUser: UserId | undefined): TokenSource {
  let current: Promise<string> | undefined;
  async function make(): Promise<string> {
    if (adminUser === undefined) return refuse('Set `accounts.mas_admin_user`, or `accounts.admin_token`.');
    const actor = await mas.find(adminUser);
    if (actor === undefined) return refuse('MAS does not know the account `accounts.mas_admin_user`.');
    return mas.issueAdminToken(actor, ADMIN_TOKEN_SECONDS);
  }
  const get = (): Promise<string> => {
    const made = (current ??= make());
    made.catch(() => (current = undefined));
    return made;
  };
  return {
    credential: '`accounts.mas_admin_user`',
    get,
    async renew(refused) {
      if ((await current) === refused) current = undefined;
      return get();
    },
  };
}

/** True where the homeserver has Synapse's admin API. */
async function isSynapse(options: AccountsOptions): Promise<boolean> {
  const http = new AdminHttp({
    server: 'the homeserver',
    url: options.homeserverUrl,
    token: credentialOf(options),
  });
  const { status } = await http.call('ask for the homeserver’s version', {
    method: 'GET',
    path: '/_synapse/admin/v1/server_version',
  });
  if (status === 200) return true;
  const { lock, suspend } = await moderationAbilities(http);
  // Neither: let the native adapter say what it is missing.
  return !lock && !suspend;
}

/** Asks anew where what was told, or the fault, is too old. */
function believing<T>(ask: () => Promise<T>, now: () => number): () => Promise<T> {
  let last: { readonly until: number; readonly told: Promise<T> } | undefined;
  return async () => {
    if (last !== undefined && now() < last.until) return await last.told;
    const askedAt = now();
    const told = ask();
    try {
      await told;
      last = { until: askedAt + BELIEVE_MS, told };
    } catch {
      last = { until: now() + BELIEVE_FAULT_MS, told };
    }
    return await told;
  };
}
