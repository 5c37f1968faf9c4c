/** One user's machine of the native engine. */
import type { RoomId, UserId } from '../../model/ids.ts';
import {
  SESSION_MESSAGES,
  SESSION_MS,
  type Decryption,
  type DeviceKeys,
  type OlmMachine,
  type OlmRequest,
  type OlmRequestKind,
  type SyncChanges,
  type Trust,
} from './olm-engine.ts';

/** What is used of @matrix-org/matrix-sdk-crypto-nodejs 0.6.6, by its documented types. */
export interface NativeSdk {
  readonly OlmMachine: {
    initialize(user: object, device: object, path: string, passphrase: string): Promise<RawMachine>;
  };
  readonly UserId: new (id: string) => object;
  readonly DeviceId: new (id: string) => object;
  readonly RoomId: new (id: string) => object;
  readonly DeviceLists: new (changed: object[], left: object[]) => object;
  readonly EncryptionSettings: new () => Record<string, unknown>;
  readonly CollectStrategy: { readonly IdentityBasedStrategy: number };
  readonly HistoryVisibility: { readonly Joined: number };
  readonly RequestType: Readonly<
    Record<'KeysUpload' | 'KeysQuery' | 'KeysClaim' | 'ToDevice' | 'SignatureUpload', number>
  >;
  readonly ShieldColor: { readonly None: number };
  readonly ShieldStateCode: { readonly AuthenticityNotGuaranteed: number };
}

interface RawRequest {
  readonly id: string;
  readonly type: number;
  readonly body: string;
  readonly eventType?: string;
  readonly txnId?: string;
}

interface RawMachine {
  readonly identityKeys: Record<'ed25519' | 'curve25519', { toBase64(): string }>;
  outgoingRequests(): Promise<RawRequest[]>;
  markRequestAsSent(id: string, type: number, answer: string): Promise<boolean>;
  bootstrapCrossSigning(
    reset: boolean,
  ): Promise<{ uploadKeysReq?: RawRequest; uploadSigningKeysReq: string; uploadSignaturesReq: RawRequest }>;
  receiveSyncChanges(
    toDevice: string,
    lists: object,
    counts: Record<string, number>,
    fallback: string[],
  ): Promise<string>;
  updateTrackedUsers(users: object[]): Promise<void>;
  getMissingSessions(users: object[]): Promise<RawRequest | null>;
  shareRoomKey(room: object, users: object[], settings: object): Promise<RawRequest[]>;
  encryptRoomEvent(room: object, type: string, content: string): Promise<string>;
  decryptRoomEvent(event: string, room: object): Promise<RawDecrypted>;
  close(): void;
}

interface RawDecrypted {
  readonly event: string;
  shieldState(strict: boolean): { readonly color: number; readonly code?: number } | null;
}

/**
 * See `OlmMachine`. The add-on has no codes for decryption failures and no trust requirement, so the error's text and the shield stand in for them. Its
 * stores are SQLite with SQLite's default `synchronous=FULL`, so nothing is dropped after a power loss.
 */
export class NativeMachine implements OlmMachine {
  readonly #sdk: NativeSdk;
  readonly #machine: RawMachine;

  constructor(sdk: NativeSdk, machine: RawMachine) {
    this.#sdk = sdk;
    this.#machine = machine;
  }

  get deviceKeys(): DeviceKeys {
    const { ed25519, curve25519 } = this.#machine.identityKeys;
    return { ed25519: ed25519.toBase64(), curve25519: curve25519.toBase64() };
  }

  async outgoingRequests(): Promise<OlmRequest[]> {
    return (await this.#machine.outgoingRequests()).map((request) => this.#toRequest(request));
  }

  async markSent({ id, kind }: OlmRequest, answer: string): Promise<void> {
    const type = this.#types().find(([, name]) => name === kind)?.[0];
    if (id !== undefined && type !== undefined) await this.#machine.markRequestAsSent(id, type, answer);
  }

  async bootstrapCrossSigning(): Promise<OlmRequest[]> {
    const { uploadKeysReq, uploadSigningKeysReq, uploadSignaturesReq } =
      await this.#machine.bootstrapCrossSigning(false);
    return [
      ...(uploadKeysReq ? [this.#toRequest(uploadKeysReq)] : []),
      { kind: 'signing-keys-upload', id: undefined, body: uploadSigningKeysReq },
      this.#toRequest(uploadSignaturesReq),
    ];
  }

  async receiveSync({ toDevice, changed, oneTimeKeys, unusedFallbackTypes }: SyncChanges): Promise<boolean> {
    const lists = new this.#sdk.DeviceLists(this.#userIds(changed), []);
    const counts = Object.fromEntries(oneTimeKeys);
    const answer = await this.#machine.receiveSyncChanges(toDevice, lists, counts, [...unusedFallbackTypes]);
    const [, roomKeys] = JSON.parse(answer) as [unknown, unknown[]];
    return roomKeys.length > 0;
  }

  async track(users: Iterable<UserId>): Promise<void> {
    await this.#machine.updateTrackedUsers(this.#userIds(users));
  }

  async missingSessions(users: Iterable<UserId>): Promise<OlmRequest | undefined> {
    const request = await this.#machine.getMissingSessions(this.#userIds(users));
    return request ? this.#toRequest(request) : undefined;
  }

  async dropRoomKey(roomId: RoomId): Promise<void> {
    // Shared with nobody, so everybody has left: the engine makes a new session. One that nobody had is dropped by nobody's need.
    await this.shareRoomKey(roomId, []);
  }

  async shareRoomKey(roomId: RoomId, users: Iterable<UserId>): Promise<OlmRequest[]> {
    const settings = new this.#sdk.EncryptionSettings();
    settings['sharingStrategy'] = this.#sdk.CollectStrategy.IdentityBasedStrategy;
    settings['rotationPeriodMessages'] = BigInt(SESSION_MESSAGES);
    settings['rotationPeriod'] = BigInt(SESSION_MS) * 1000n;
    settings['historyVisibility'] = this.#sdk.HistoryVisibility.Joined;
    const requests = await this.#machine.shareRoomKey(new this.#sdk.RoomId(roomId), this.#userIds(users), settings);
    return requests.map((request) => this.#toRequest(request));
  }

  async encrypt(roomId: RoomId, type: string, content: string): Promise<string> {
    return await this.#machine.encryptRoomEvent(new this.#sdk.RoomId(roomId), type, content);
  }

  async decrypt(event: string, roomId: RoomId, trust: Trust): Promise<Decryption> {
    let clear: RawDecrypted;
    try {
      clear = await this.#machine.decryptRoomEvent(event, new this.#sdk.RoomId(roomId));
    } catch (error) {
      const isMissing = /room key|unknown message index/i.test(error instanceof Error ? error.message : '');
      return { outcome: isMissing ? 'no-key' : 'broken' };
    }
    return this.#isTrusted(clear, trust) ? { outcome: 'clear', event: clear.event } : { outcome: 'untrusted' };
  }

  async close(): Promise<void> {
    this.#machine.close();
  }

  #isTrusted(clear: RawDecrypted, trust: Trust): boolean {
    if (trust === 'any') return true;
    const { ShieldColor, ShieldStateCode } = this.#sdk;
    // The lax shield is none exactly where the owner has cross-signed the device.
    const shield = clear.shieldState(false);
    if (shield === null) return false;
    const isLegacy = shield.code === ShieldStateCode.AuthenticityNotGuaranteed;
    return shield.color === ShieldColor.None || (isLegacy && trust === 'cross-signed-or-legacy');
  }

  #userIds(users: Iterable<UserId>): object[] {
    return Array.from(users, (user) => new this.#sdk.UserId(user));
  }

  #types(): (readonly [number, OlmRequestKind])[] {
    const { KeysUpload, KeysQuery, KeysClaim, ToDevice, SignatureUpload } = this.#sdk.RequestType;
    return [
      [KeysUpload, 'keys-upload'],
      [KeysQuery, 'keys-query'],
      [KeysClaim, 'keys-claim'],
      [ToDevice, 'to-device'],
      [SignatureUpload, 'signatures-upload'],
    ];
  }

  #toRequest({ id, type, body, eventType, txnId }: RawRequest): OlmRequest {
    const kind = this.#types().find(([number]) => number === type)?.[1] ?? 'other';
    const inner = INNER[kind];
    return {
      kind,
      id,
      body: inner === undefined ? body : JSON.stringify((JSON.parse(body) as Record<string, unknown>)[inner]),
      ...(eventType !== undefined && { eventType }),
      ...(txnId !== undefined && { txnId }),
    };
  }
}

/** Where the add-on wraps a body into an object that the homeserver does not expect. */
const INNER: Readonly<Partial<Record<OlmRequestKind, string>>> = { 'signatures-upload': 'signed_keys' };
