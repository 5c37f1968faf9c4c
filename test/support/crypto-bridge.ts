/** The bridge's encryption against the fake homeserver, with members that the test decides. */
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { silentLogger, type Logger } from '../../src/log.ts';
import type { Crypto } from '../../src/matrix/crypto/crypto.ts';
import { openCrypto } from '../../src/matrix/crypto/open-crypto.ts';
import { MatrixHttp } from '../../src/matrix/matrix-http.ts';
import type { EventId, RoomId, UserId } from '../../src/model/ids.ts';
import { isOurs, type Namespace } from '../../src/model/namespace.ts';
import type { MatrixEvent } from '../../src/model/rows.ts';
import type { Decrypted } from '../../src/ports/event-decrypter.ts';
import { FakeHomeserver, type SentEvent } from './fake-homeserver.ts';
import { MemorySettings } from './memory-settings.ts';
import { tempDir } from './temp-dir.ts';

const NAMESPACE: Namespace = {
  bot: '@carebot:hospital.test' as UserId,
  ghostPrefix: 'care_',
  domain: 'hospital.test',
};
export const BOT = NAMESPACE.bot;
export const GHOST = '@care_one:hospital.test' as UserId;
export const ROOM = '!room:hospital.test' as RoomId;

export class CryptoBridge {
  readonly homeserver: FakeHomeserver;
  readonly settings = new MemorySettings();
  readonly members = new Map<RoomId, ReadonlySet<UserId>>([[ROOM, new Set([BOT, GHOST])]]);
  config: Config['encryption'];
  log: Logger = silentLogger;
  #crypto: Crypto | undefined;
  #messages = 0;

  private constructor(homeserver: FakeHomeserver, store: string) {
    this.homeserver = homeserver;
    this.config = {
      engine: 'wasm',
      store,
      passphrase: 'passphrase',
      trust: 'cross-signed',
      keyNoticeAfterMs: 1000,
      idleGhostMs: 60_000,
    };
  }

  static async make(): Promise<CryptoBridge> {
    return new CryptoBridge(await FakeHomeserver.open(), join(await tempDir('crypto'), 'store'));
  }

  static async start(): Promise<CryptoBridge> {
    const bridge = await CryptoBridge.make();
    await bridge.start();
    return bridge;
  }

  get crypto(): Crypto {
    if (this.#crypto === undefined) throw new Error('Not started.');
    return this.#crypto;
  }

  get http(): MatrixHttp {
    return new MatrixHttp({ url: this.homeserver.url, asToken: 'token', timeoutMs: 5_000 });
  }

  async open(): Promise<Crypto> {
    this.#crypto = await openCrypto({
      config: this.config,
      http: this.http,
      settings: this.settings,
      bot: BOT,
      isOurs: (user) => isOurs(NAMESPACE, user),
      joinedMembers: async (roomId) => this.members.get(roomId) ?? new Set(),
      log: this.log,
    });
    return this.#crypto;
  }

  async start(): Promise<void> {
    await (await this.open()).start();
  }

  async close(): Promise<void> {
    await this.#crypto?.close();
    this.#crypto = undefined;
  }

  async restart(): Promise<void> {
    await this.close();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.close();
    await this.homeserver.stop();
  }

  async say(body: string, as: UserId = GHOST, txnId = `txn${this.#messages++}`): Promise<EventId> {
    return await this.crypto.encryptAndSend({
      as,
      roomId: ROOM,
      type: 'm.room.message',
      content: { msgtype: 'm.text', body },
      txnId,
    });
  }

  /** The homeserver tells that somebody has joined. */
  joins(userId: UserId): void {
    this.crypto.membershipChanged({ roomId: ROOM, userId, membership: 'join' });
  }

  /** The paths that were asked for while `work` ran, without what the bot's sync causes. */
  async requestsOf(work: () => Promise<unknown>): Promise<string[]> {
    const before = this.homeserver.requests.length;
    await work();
    const requests = this.homeserver.requests.slice(before);
    const caused = requests.filter(({ path, user }) => !(user === BOT && path === 'keys/upload'));
    return caused.map(({ path }) => path.split('/').slice(0, 2).join('/'));
  }

  sent(eventId: string): SentEvent {
    const event = this.homeserver.sent.find(({ event_id }) => event_id === eventId);
    if (event === undefined) throw new Error(`${eventId} was not sent.`);
    return event;
  }

  async read(event: SentEvent): Promise<Decrypted> {
    return await this.crypto.decrypt({ ...event, origin_server_ts: 1 } as unknown as MatrixEvent);
  }
}
