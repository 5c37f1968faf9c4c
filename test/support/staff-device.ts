/** A member of staff with an OlmMachine of its own, at a fake homeserver. */
import { ENGINES } from '../../src/matrix/crypto/engines.ts';
import type { Decryption, OlmEngine, OlmMachine, OlmRequest, Trust } from '../../src/matrix/crypto/olm-engine.ts';
import { CryptoStore } from '../../src/matrix/crypto/store/crypto-store.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import type { FakeHomeserver, SentEvent } from './fake-homeserver.ts';
import { tempDir } from './temp-dir.ts';

/** Machines of staff share a store, apart from the bridge's. */
export class StaffDevices {
  readonly #homeserver: FakeHomeserver;
  readonly #store: CryptoStore;
  readonly #engine: OlmEngine;
  readonly #devices: StaffDevice[] = [];

  private constructor(homeserver: FakeHomeserver, store: CryptoStore, engine: OlmEngine) {
    this.#homeserver = homeserver;
    this.#store = store;
    this.#engine = engine;
  }

  static async open(homeserver: FakeHomeserver): Promise<StaffDevices> {
    const { create, outboundSessions } = ENGINES.wasm;
    const store = CryptoStore.open({
      directory: await tempDir('staff'),
      passphrase: 'staff',
      engine: 'wasm',
      outboundSessions,
      scryptCost: 16,
    });
    return new StaffDevices(homeserver, store, await create(store));
  }

  /** A new device; the user's first makes the identity, and `isSigned` says whether it signs the device. */
  async add(user: string, { deviceId = 'PHONE', isSigned = true } = {}): Promise<StaffDevice> {
    const userId = `@${user}:hospital.test` as UserId;
    const machine = await this.#engine.open({ userId, deviceId, number: this.#devices.length + 1 });
    const device = new StaffDevice(this.#homeserver, machine, userId, deviceId);
    this.#devices.push(device);
    await device.publish(isSigned);
    return device;
  }

  async close(): Promise<void> {
    for (const { machine } of this.#devices) await machine.close();
    await this.#engine.close();
    await this.#store.close();
  }
}

export class StaffDevice {
  readonly machine: OlmMachine;
  readonly userId: UserId;
  readonly deviceId: string;
  readonly #homeserver: FakeHomeserver;

  constructor(homeserver: FakeHomeserver, machine: OlmMachine, userId: UserId, deviceId: string) {
    this.#homeserver = homeserver;
    this.machine = machine;
    this.userId = userId;
    this.deviceId = deviceId;
  }

  async publish(isSigned: boolean): Promise<void> {
    await this.#flush();
    const identity = await this.machine.bootstrapCrossSigning();
    for (const request of identity) if (isSigned || request.kind !== 'signatures-upload') await this.#send(request);
  }

  /** Takes in what was sent to the device. */
  async receive(): Promise<void> {
    const { directory } = this.#homeserver;
    await this.machine.receiveSync({
      toDevice: JSON.stringify(directory.takeInbox(this.userId, this.deviceId)),
      changed: [],
      oneTimeKeys: directory.counts(this.userId, this.deviceId),
      unusedFallbackTypes: [],
    });
    await this.#flush();
  }

  async read(event: SentEvent, trust: Trust = 'cross-signed'): Promise<Decryption & { body?: unknown }> {
    await this.receive();
    await this.machine.track([event.sender as UserId]);
    await this.#flush();
    const result = await this.machine.decrypt(
      JSON.stringify({ ...event, origin_server_ts: 1 }),
      event.room_id as RoomId,
      trust,
    );
    if (result.outcome !== 'clear') return result;
    return { ...result, body: (JSON.parse(result.event) as { content: { body: unknown } }).content.body };
  }

  /** Encrypts for these users; returns the event, which nobody was sent. The key waits for them. */
  async say(body: string, roomId: RoomId, users: readonly UserId[], eventId: string): Promise<SentEvent> {
    await this.machine.track(users);
    await this.#flush();
    const claim = await this.machine.missingSessions(users);
    if (claim) await this.#send(claim);
    for (const request of await this.machine.shareRoomKey(roomId, users)) await this.#send(request);
    const content = await this.machine.encrypt(roomId, 'm.room.message', JSON.stringify({ msgtype: 'm.text', body }));
    return {
      type: 'm.room.encrypted',
      room_id: roomId,
      event_id: eventId,
      sender: this.userId,
      content: JSON.parse(content) as Record<string, unknown>,
    };
  }

  async #flush(): Promise<void> {
    for (const request of await this.machine.outgoingRequests()) await this.#send(request);
  }

  async #send(request: OlmRequest): Promise<void> {
    await this.machine.markSent(request, this.#homeserver.directory.answer(this.userId, this.deviceId, request));
  }
}
