import type { Config } from '../../config/config.ts';
import { RetryableError } from '../../errors.ts';
import { silentLogger as log } from '../../log.ts';
import { askHomeserver } from '../../matrix/ask-homeserver.ts';
import { adminAccount } from '../../matrix/accounts/admin-account.ts';
import { openAccounts } from '../../matrix/accounts/detect.ts';
import { HttpHomeserver } from '../../matrix/http-homeserver.ts';
import { MatrixHttp } from '../../matrix/matrix-http.ts';
import { readRegistration } from '../../matrix/registration.ts';
import { MatrixRoomControl } from '../../matrix/room-control.ts';
import type { UserId } from '../../model/ids.ts';
import type { Namespace } from '../../model/namespace.ts';
import type { Accounts } from '../../ports/accounts.ts';
import type { RoomControl } from '../../ports/room-control.ts';
import { applyAbsences, type AccountServiceParts } from '../../services/act-on-account.ts';
import { CarePolicyView } from '../../services/care-policy-view.ts';
import { Lines } from '../../services/lines.ts';
import type { TellSecurity } from '../../services/tell-security.ts';
import { openStorage, type Storage } from '../../storage/open-storage.ts';
import { hostSecurity } from '../host-security.ts';
import { registrationSettings } from '../registration-settings.ts';

/** Nobody in an emergency waits longer for a homeserver that does not answer. ms. */
const TIMEOUT_MS = 10_000;

/** What `carebridge admin` works with: the database, and what of the homeserver needs no bridge and no encryption. */
export class Host implements AsyncDisposable {
  readonly config: Config;
  readonly storage: Storage;
  readonly namespace: Namespace;
  readonly policy: CarePolicyView;
  readonly security: TellSecurity;
  readonly #lines: Lines;
  #http: MatrixHttp | undefined;

  private constructor(config: Config, storage: Storage) {
    this.config = config;
    this.storage = storage;
    const { domain } = config.homeserver;
    const bot = `@${config.appservice.bot}:${domain}` as UserId;
    this.namespace = { bot, ghostPrefix: config.appservice.ghostPrefix, domain };
    this.#lines = new Lines(config.lines, config.admins);
    this.policy = new CarePolicyView({
      ...config,
      ...storage,
      roleStore: storage.roles,
      roles: config.roles,
      classes: config.phiClasses,
      namespace: this.namespace,
      lines: this.#lines,
      log,
    });
    this.security = hostSecurity(config, storage);
  }

  /** Opens the database; the homeserver is not asked yet. */
  static async open(config: Config): Promise<Host> {
    const storage = await openStorage(config);
    const host = new Host(config, storage);
    try {
      await applyAbsences({ ...storage, lines: host.#lines, policy: host.policy, recordConfigured: undefined });
      return host;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  /** The accounts, by whatever server owns them. Throws ConfigError where the registration cannot be read. */
  accounts(): Accounts {
    const { adapter, adminToken, mas } = this.config.accounts;
    const { url: homeserverUrl } = this.config.homeserver;
    return openAccounts({ adapter, adminToken, mas, homeserverUrl, asToken: this.#asToken() });
  }

  /** What the use cases that act on accounts are made of. */
  accountParts(): AccountServiceParts {
    const { storage, policy, security, config } = this;
    const { protectedUsers, adminToken } = config.accounts;
    const own = adminAccount({ homeserverUrl: config.homeserver.url, adminToken, log });
    const shared = { policy, security, protectedUsers, adminAccount: own, log, lines: this.#lines };
    return { ...storage, ...shared, accounts: this.accounts(), roomKeys: undefined, recordConfigured: undefined };
  }

  /** Rooms, as the bot. Throws RetryableError where the homeserver does not answer: a room is waited for longer than anybody has patience. */
  async roomControl(): Promise<RoomControl> {
    const { url } = this.config.homeserver;
    const answer = await askHomeserver(url, '/_matrix/client/versions', {}, TIMEOUT_MS);
    if ('unreachable' in answer)
      throw new RetryableError(`The homeserver cannot be reached at ${url} (${answer.unreachable}).`);
    this.#http ??= new MatrixHttp({ url, asToken: this.#asToken(), timeoutMs: TIMEOUT_MS });
    const http = this.#http;
    const { namespace, config } = this;
    return new MatrixRoomControl({
      homeserver: new HttpHomeserver(http),
      http,
      namespace,
      log,
      roomVersion: config.rooms.version,
      isGoverned: () => true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http?.close();
    await this.storage.close();
  }

  #asToken(): string {
    return readRegistration(this.config.appservice.registration, registrationSettings(this.config)).asToken;
  }
}
