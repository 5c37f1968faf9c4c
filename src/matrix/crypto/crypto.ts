/** The bridge's encryption, as the rest of the program sees it. */
import type { Config } from '../../config/config.ts';
import { RetryableError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { EventId, RoomId, UserId } from '../../model/ids.ts';
import type { MatrixEvent } from '../../model/rows.ts';
import type { Decrypted, EventDecrypter } from '../../ports/event-decrypter.ts';
import type { RoomKeys } from '../../ports/room-keys.ts';
import type { DeviceTrust } from '../../ports/device-trust.ts';
import type { SettingsStore } from '../../ports/settings-store.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import type { MembershipChange } from '../membership.ts';
import type { EncryptedFiles, RoomEncrypter } from '../room-sender.ts';
import { Arrivals } from './arrivals.ts';
import { BotSync } from './bot-sync.ts';
import type { CryptoUser } from './crypto-user.ts';
import { decryptEvent } from './decrypt-event.ts';
import { EncryptedAttachments } from './encrypted-attachments.ts';
import { MatrixDeviceTrust } from './device-trust.ts';
import { GhostPool } from './ghost-pool.ts';
import type { OlmEngine } from './olm-engine.ts';
import { openUser, type ProvisioningParts } from './provision-user.ts';
import { markStart } from './start-mark.ts';
import {
  checkIdentity,
  checkMayPublish,
  fetchIdentity,
  identityOf,
  publishedKeys,
  rememberStore,
  type BotIdentity,
  type StoreMemory,
} from './store-guard.ts';
import type { CryptoStore } from './store/crypto-store.ts';

/** What the encryption needs. */
export interface CryptoOptions {
  readonly config: Config['encryption'];
  readonly http: MatrixHttp;
  readonly settings: SettingsStore;
  readonly bot: UserId;
  /** True for the bot and for ghosts. */
  readonly isOurs: (user: UserId) => boolean;
  /** A snapshot: the same set as long as nothing changes. */
  readonly joinedMembers: (roomId: RoomId) => Promise<ReadonlySet<UserId>>;
  readonly log: Logger;
}

/** As many ghosts' machines are kept in memory, some 1 MB each. */
const MAX_LOADED_GHOSTS = 200;
/** How often the main database is told how far the store is, ms. */
const REMEMBER_EVERY_MS = 600_000;

/** The device id of the bot and of every ghost, from the store's id: a new store never meets the devices of an old one. */
export function deviceIdOf(storeId: string): string {
  return `CB${storeId.slice(0, 10).toUpperCase()}`;
}

/** Encrypts, decrypts and sends for all of our users. */
export class Crypto implements RoomEncrypter, EventDecrypter, RoomKeys, AsyncDisposable {
  /** Encrypted files. */
  readonly files: EncryptedFiles;
  /** Which devices of members are not cross-signed. */
  readonly deviceTrust: DeviceTrust;
  readonly #options: CryptoOptions;
  readonly #store: CryptoStore;
  readonly #engine: OlmEngine;
  readonly #parts: ProvisioningParts;
  readonly #ghosts: GhostPool;
  /** For rooms of which the keys were to be made anew since the process began. */
  readonly #rotations = new Map<RoomId, number>();
  readonly #arrivals = new Arrivals();
  readonly #onKeys = new Set<() => void | Promise<void>>();
  #onBack: () => void = () => {};
  #onDevicesChanged: (users: readonly UserId[]) => void = () => {};
  #memory: StoreMemory | undefined;
  #bot: CryptoUser | undefined;
  #sync: BotSync | undefined;
  #isReady = false;
  #remembering: NodeJS.Timeout | undefined;

  /** Made by `openCrypto`, see `open-crypto.ts`. */
  constructor(options: CryptoOptions, store: CryptoStore, engine: OlmEngine, memory: StoreMemory | undefined) {
    this.#options = options;
    this.#store = store;
    this.#engine = engine;
    this.#memory = memory;
    const { http, bot, joinedMembers, config } = options;
    this.#parts = {
      http,
      store,
      engine,
      deviceId: deviceIdOf(store.id),
      members: joinedMembers,
      isGhost: this.#isGhost,
      rotations: (roomId) => this.#rotations.get(roomId) ?? 0,
      hearsOfChanges: () => this.#sync?.isHearing ?? false,
    };
    this.#ghosts = new GhostPool({
      open: (userId) => openUser(this.#parts, userId, true),
      idleMs: config.idleGhostMs,
      maxLoaded: MAX_LOADED_GHOSTS,
    });
    this.files = new EncryptedAttachments(http, bot);
    this.deviceTrust = new MatrixDeviceTrust({
      http,
      bot,
      changes: store.deviceChanges,
      hearsOfChanges: () => this.#sync?.isHearing ?? false,
    });
  }

  /**
   * Makes or loads the bot, compares its keys with the homeserver's, takes in what waited, and goes on in the background. Throws RetryableError where the
   * homeserver is not there (call it again) and ConfigError where the keys are not right.
   */
  async start(): Promise<void> {
    if (this.#isReady) return;
    const bot = (this.#bot ??= await openUser(this.#parts, this.#options.bot, false, async (requests) => {
      const server = await fetchIdentity(this.#options.http, this.#options.bot, this.#parts.deviceId);
      await checkMayPublish(this.#options.settings, server, identityOf({ ed25519: '', curve25519: '' }, requests));
    }));
    const identity = identityOf(bot.deviceKeys, await bot.crossSigningRequests());
    const server = await fetchIdentity(this.#options.http, bot.userId, this.#parts.deviceId);
    checkIdentity(this.#memory, server, identity);
    await markStart(this.#options.http, bot.userId, this.#store);
    await this.#remember(identity);
    await publishedKeys(this.#options.settings);
    this.#sync ??= new BotSync({
      http: this.#options.http,
      store: this.#store,
      bot,
      deviceId: this.#parts.deviceId,
      isGhost: this.#isGhost,
      onKeys: () => this.#tellKeys(),
      onDevicesChanged: (users) => this.#onDevicesChanged(users),
      onBack: () => this.#onBack(),
      log: this.#options.log,
    });
    await this.#sync.start();
    this.#isReady = true;
    this.#remembering ??= setInterval(() => void this.#rememberSoon(identity), REMEMBER_EVERY_MS).unref();
  }

  /** See `RoomSender.prepare`. */
  async prepare(as: UserId): Promise<void> {
    if (as !== this.#startedBot().userId) await this.#ghosts.use(as, async () => {});
  }

  /** See `RoomSender.send`. */
  async encryptAndSend(message: Parameters<RoomEncrypter['encryptAndSend']>[0]): Promise<EventId> {
    const bot = this.#startedBot();
    this.#sync?.sending();
    if (message.as === bot.userId) return await bot.encryptAndSend(message);
    // The bot is known from other rooms.
    await this.#arrivals.settled(message.roomId);
    return await this.#ghosts.use(message.as, (ghost) => ghost.encryptAndSend(message));
  }

  async decrypt(event: MatrixEvent): Promise<Decrypted> {
    return await decryptEvent(this.#startedBot(), this.#store.replays, this.#options.config.trust, event);
  }

  /** To be told of every change of a membership: whoever joins may have other devices than when they were last seen, and does not know ours yet. */
  membershipChanged({ roomId, userId, membership }: MembershipChange): void {
    if (this.#options.isOurs(userId)) return;
    this.#store.deviceChanges.noteSoon(userId);
    if (membership === 'join') this.#arrivals.note(roomId);
  }

  /**
   * See `RoomKeys.rotate`. Costs nothing until somebody writes. That the user's devices changed is stored; the count is not, since a process that ends
   * before the next message looks at the devices anew, and the engine itself drops a session that a removed device has.
   */
  async rotate(user: UserId, rooms: Iterable<RoomId>): Promise<void> {
    if (!this.#options.isOurs(user)) this.#store.deviceChanges.noteSoon(user);
    for (const room of rooms) this.#rotations.set(room, (this.#rotations.get(room) ?? 0) + 1);
  }

  /** Calls `listener` whenever room keys came, so that what waits for them can be tried again. */
  onKeys(listener: () => void | Promise<void>): void {
    this.#onKeys.add(listener);
  }

  /** What keeps the bot from getting keys at this moment, PHI-free, or undefined: most often, that the homeserver is away. */
  get problem(): string | undefined {
    return this.#sync?.problem;
  }

  /** True while the homeserver cannot be reached. */
  get isHomeserverAway(): boolean {
    return this.#sync?.isAway ?? false;
  }

  /** Has `listener` called when the homeserver answers again after it was away. */
  onHomeserverBack(listener: () => void): void {
    this.#onBack = listener;
  }

  /** Has `listener` told whose devices changed, of those who share an encrypted room with the bot: logins, key uploads, logouts. */
  onDevicesChanged(listener: (users: readonly UserId[]) => void): void {
    this.#onDevicesChanged = listener;
  }

  /** The homeserver was heard of: if it was away, it is asked for keys at once. */
  wake(): void {
    this.#sync?.wake();
  }

  /** Waits for what is under way, and closes the store. */
  async close(): Promise<void> {
    this.#isReady = false;
    clearInterval(this.#remembering);
    await this.#sync?.stop();
    await this.#ghosts.close();
    await this.#bot?.close();
    await this.#engine.close();
    const { generation } = this.#store;
    await this.#store.close();
    if (this.#memory) await rememberStore(this.#options.settings, { ...this.#memory, generation });
    this.#options.http.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #isGhost = (user: UserId): boolean => user !== this.#options.bot && this.#options.isOurs(user);

  #startedBot(): CryptoUser {
    if (!this.#isReady || this.#bot === undefined)
      throw new RetryableError('The encryption is not connected to the homeserver yet.');
    return this.#bot;
  }

  #tellKeys(): void {
    for (const listener of this.#onKeys) {
      void Promise.resolve()
        .then(listener)
        .catch((error: unknown) => this.#options.log.warn('crypto.keys-listener-failed', { error }));
    }
  }

  async #remember(bot: BotIdentity): Promise<void> {
    const { id: storeId, generation } = this.#store;
    const memory = { storeId, engine: this.#engine.name, deviceId: this.#parts.deviceId, generation, bot };
    await rememberStore(this.#options.settings, memory);
    this.#memory = memory;
  }

  async #rememberSoon(bot: BotIdentity): Promise<void> {
    await this.#remember(bot).catch((error: unknown) => this.#options.log.warn('crypto.remember-failed', { error }));
  }
}
