/** The bridge's encryption on a real Synapse, with real clients that refuse whatever Element would warn of. */
import { join } from 'node:path';
import type { Config } from '../../../../src/config/config.ts';
import { silentLogger } from '../../../../src/log.ts';
import type { Crypto } from '../../../../src/matrix/crypto/crypto.ts';
import { openCrypto } from '../../../../src/matrix/crypto/open-crypto.ts';
import { MatrixHttp, type MatrixCall } from '../../../../src/matrix/matrix-http.ts';
import { newGhost, isOurs } from '../../../../src/model/namespace.ts';
import { newOpaqueId, type RoomId, type UserId } from '../../../../src/model/ids.ts';
import type { MatrixEvent } from '../../../../src/model/rows.ts';
import type { Decrypted } from '../../../../src/ports/event-decrypter.ts';
import { MemorySettings } from '../../../support/memory-settings.ts';
import { createNurse, type Nurse } from '../../../support/nurse.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { BridgeOnSynapse, NAMESPACE, type OpenBridge } from '../bridge-on-synapse.ts';

/** Remembers what was asked of the homeserver. */
export class CountingHttp extends MatrixHttp {
  readonly requests: string[] = [];

  override bytes(attempt: string, call: MatrixCall, maxBytes: number): Promise<{ bytes: Buffer; contentType: string }> {
    if (!call.path.endsWith('/sync'))
      this.requests.push(`${call.method} ${call.path.split('/').slice(0, 6).join('/')}`);
    return super.bytes(attempt, call, maxBytes);
  }
}

/** A bridge with its encryption, that can be stopped and started again on the same store. */
export class CryptoOnSynapse {
  readonly homeserver: BridgeOnSynapse;
  readonly bridge: OpenBridge;
  readonly settings = new MemorySettings();
  config: Config['encryption'];
  crypto!: Crypto;
  http!: CountingHttp;

  private constructor(homeserver: BridgeOnSynapse, bridge: OpenBridge, store: string) {
    this.homeserver = homeserver;
    this.bridge = bridge;
    this.config = {
      engine: 'wasm',
      store,
      passphrase: 'correct horse battery staple',
      trust: 'cross-signed',
      keyNoticeAfterMs: 1000,
      idleGhostMs: 60_000,
    };
  }

  static async start(): Promise<CryptoOnSynapse> {
    const homeserver = await BridgeOnSynapse.start();
    const bridge = await homeserver.open();
    const self = new CryptoOnSynapse(homeserver, bridge, join(await tempDir('crypto'), 'store'));
    await self.open();
    return self;
  }

  async open(): Promise<void> {
    this.http = new CountingHttp({ url: this.homeserver.synapse.url, asToken: this.homeserver.registration.asToken });
    this.crypto = await openCrypto({
      config: this.config,
      http: this.http,
      settings: this.settings,
      bot: NAMESPACE.bot,
      isOurs: (user) => isOurs(NAMESPACE, user),
      joinedMembers: (roomId) => this.bridge.members.joined(roomId),
      log: silentLogger,
    });
    const { crypto } = this;
    this.bridge.members.onChange((change) => crypto.membershipChanged(change));
    await crypto.start();
  }

  async restart(): Promise<void> {
    await this.crypto.close();
    await this.open();
  }

  async stop(): Promise<void> {
    await this.crypto.close();
    await this.bridge.appservice.close();
    await this.homeserver.stop();
  }

  /** Of the bot and of every ghost. */
  deviceId(): string {
    return (JSON.parse(this.settings.values.get('crypto.store') ?? '{}') as { deviceId: string }).deviceId;
  }

  async nurse(name = `nurse${newOpaqueId(6)}`): Promise<Nurse> {
    return await createNurse(this.homeserver.synapse, name);
  }

  /** A conversation room with a fresh ghost, that these nurses have joined. */
  async room(...nurses: Nurse[]): Promise<{ roomId: RoomId; ghost: UserId }> {
    const ghost = newGhost(NAMESPACE);
    await this.bridge.rooms.ensureGhost(ghost, 'Patient');
    const invite = nurses.map(({ userId }) => userId as UserId);
    const roomId = await this.bridge.create({
      key: newOpaqueId(),
      name: 'Conversation',
      topic: '',
      invite,
      ghost,
    });
    for (const nurse of nurses) await nurse.join(roomId);
    for (const nurse of nurses) {
      const joined = async (): Promise<boolean> =>
        (await this.bridge.rooms.joinedMembers(roomId)).has(nurse.userId as UserId);
      await waitFor(`${nurse.userId} to be seen in the room`, joined);
    }
    return { roomId, ghost };
  }

  async say(as: UserId, roomId: RoomId, body: string): Promise<string> {
    const content = { msgtype: 'm.text', body };
    return await this.crypto.encryptAndSend({ as, roomId, type: 'm.room.message', content, txnId: newOpaqueId() });
  }

  /** The event as the transaction brought it. */
  async event(eventId: string): Promise<MatrixEvent> {
    return await this.bridge.seen(eventId, (event) => event.event_id === eventId);
  }

  /** Decrypts as soon as the key is there. */
  async read(eventId: string): Promise<Decrypted> {
    const event = await this.event(eventId);
    let last: Decrypted = { outcome: 'no-key' };
    await waitFor(`${eventId} to be decrypted`, async () => {
      last = await this.crypto.decrypt(event);
      return last.outcome !== 'no-key';
    });
    return last;
  }
}
