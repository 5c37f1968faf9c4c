/** The bridge library, set up for our purposes: Intents, membership cache, metrics, and the listener for the homeserver. */
import type { RequestListener } from 'node:http';
import {
  Bridge,
  MembershipCache,
  setBridgeVersion,
  type Intent,
  type PrometheusMetrics,
} from 'matrix-appservice-bridge';
import { Registry } from 'prom-client';
import type { ListenAddress } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { UserId } from '../model/ids.ts';
import { whyNotListening } from '../model/why-not-listening.ts';
import { HomeserverListener } from './homeserver-listener.ts';
import { IntentHomeserver, type Homeserver } from './homeserver.ts';
import { redirectLibraryLog } from './library-log.ts';
import type { Registration } from './registration.ts';

/** What the appservice needs. */
export interface AppserviceOptions {
  /** The client-server API. */
  readonly homeserverUrl: string;
  readonly domain: string;
  readonly listen: ListenAddress;
  readonly registration: Registration;
  /** Answers the homeserver's requests, see `TransactionIntake.handle`. */
  readonly onRequest: RequestListener;
  /** Shown in `/metrics`. */
  readonly version: string;
  /** When it aborts, calls of the homeserver that are under way fail. */
  readonly giveUp: AbortSignal;
  readonly log: Logger;
}

/** The appservice. The library's stores, event queue and encryption are not used: it sees no event at all. */
export class Appservice {
  readonly homeserver: Homeserver;
  /** What the Intents know of our own users' memberships; see `RoomMembers`. */
  readonly membershipCache = new MembershipCache();
  /** Of its own, since the library's default one is shared by everything in the process. */
  readonly #registry = new Registry();
  readonly #bridge: Bridge;
  readonly #listener: HomeserverListener;
  readonly #options: AppserviceOptions;

  private constructor(options: AppserviceOptions) {
    this.#options = options;
    this.#listener = new HomeserverListener(options.registration.hsToken, options.onRequest);
    this.#bridge = new Bridge({
      homeserverUrl: options.homeserverUrl.replace(/\/+$/, ''),
      domain: options.domain,
      registration: options.registration.library,
      controller: { onEvent: () => undefined, onLog: () => undefined },
      disableStores: true,
      escapeUserIds: false,
      membershipCache: this.membershipCache,
      intentOptions: { clients: { dontCheckPowerLevel: true, enablePresence: false } },
    });
    this.homeserver = new IntentHomeserver((user) => this.intent(user), options.giveUp);
  }

  /** Sets the library up. Nothing is sent and nothing listens yet. */
  static async create(options: AppserviceOptions): Promise<Appservice> {
    redirectLibraryLog(options.log);
    setBridgeVersion(options.version);
    const appservice = new Appservice(options);
    await appservice.#bridge.initialise();
    return appservice;
  }

  /** The library's client for one of our users. */
  intent(user: UserId): Intent {
    return this.#bridge.getIntent(user);
  }

  /** Where counters and gauges are added; the library counts its calls of the homeserver. Not served on the homeserver's port. */
  get metrics(): PrometheusMetrics {
    return this.#bridge.getPrometheusMetrics(false, this.#registry);
  }

  /** The text of a `/metrics` page (Prometheus exposition format), with all gauges refreshed. */
  async renderMetrics(): Promise<{ contentType: string; text: string }> {
    await this.metrics.refresh();
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** Listens for the homeserver. Throws ConfigError where the address cannot be used. */
  async listen(): Promise<void> {
    const { host, port } = this.#options.listen;
    try {
      await this.#bridge.listen(port, host, LISTEN_BACKLOG, this.#listener);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new ConfigError(whyNotListening('appservice.listen', host, port, code), [], { cause: error });
    }
    this.#options.log.info('appservice.listening', { host, port: this.port });
  }

  /** The port it listens on. */
  get port(): number | undefined {
    return this.#listener.address?.port;
  }

  /** Stops listening, after what is under way was answered. */
  async close(): Promise<void> {
    await this.#bridge.close();
    // The library closes the listener only where it got as far as listening.
    await this.#listener.close();
  }
}

const LISTEN_BACKLOG = 64;
