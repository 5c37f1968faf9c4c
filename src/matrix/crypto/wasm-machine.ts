/** One user's machine of the WebAssembly engine. */
import * as sdk from '@matrix-org/matrix-sdk-crypto-wasm';
import { RetryableError } from '../../errors.ts';
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

type Guard = <T>(call: () => Promise<T>) => Promise<T>;

/** The databases behind a machine. */
interface Backing {
  /** How many writes failed so far. */
  failures(): number;
  /** Frees their memory. */
  unload(): void;
}

/** What the library calls a request. */
type RawRequest = {
  id?: string | undefined;
  type: sdk.RequestType;
  body: string;
  event_type?: string;
  txn_id?: string;
};

const KINDS: Readonly<Record<number, OlmRequestKind>> = {
  [sdk.RequestType.KeysUpload]: 'keys-upload',
  [sdk.RequestType.KeysQuery]: 'keys-query',
  [sdk.RequestType.KeysClaim]: 'keys-claim',
  [sdk.RequestType.ToDevice]: 'to-device',
  [sdk.RequestType.SignatureUpload]: 'signatures-upload',
};

const TYPES: Readonly<Partial<Record<OlmRequestKind, sdk.RequestType>>> = {
  'keys-upload': sdk.RequestType.KeysUpload,
  'keys-query': sdk.RequestType.KeysQuery,
  'keys-claim': sdk.RequestType.KeysClaim,
  'to-device': sdk.RequestType.ToDevice,
  'signatures-upload': sdk.RequestType.SignatureUpload,
};

const TRUST: Readonly<Record<Trust, sdk.TrustRequirement>> = {
  'cross-signed': sdk.TrustRequirement.CrossSigned,
  'cross-signed-or-legacy': sdk.TrustRequirement.CrossSignedOrLegacy,
  any: sdk.TrustRequirement.Untrusted,
};

const OUTCOMES: Readonly<Record<sdk.DecryptionErrorCode, 'no-key' | 'untrusted' | 'broken'>> = {
  [sdk.DecryptionErrorCode.MissingRoomKey]: 'no-key',
  [sdk.DecryptionErrorCode.UnknownMessageIndex]: 'no-key',
  [sdk.DecryptionErrorCode.UnknownSenderDevice]: 'untrusted',
  [sdk.DecryptionErrorCode.UnsignedSenderDevice]: 'untrusted',
  [sdk.DecryptionErrorCode.SenderIdentityVerificationViolation]: 'untrusted',
  [sdk.DecryptionErrorCode.MismatchedSender]: 'untrusted',
  [sdk.DecryptionErrorCode.MismatchedIdentityKeys]: 'broken',
  [sdk.DecryptionErrorCode.UnableToDecrypt]: 'broken',
};

/** See `OlmMachine`. Ids that are handed to the library are consumed by the call, so each call makes its own. */
export class WasmMachine implements OlmMachine {
  readonly #machine: sdk.OlmMachine;
  readonly #guard: Guard;
  readonly #backing: Backing;

  constructor(machine: sdk.OlmMachine, guard: Guard, backing: Backing) {
    this.#machine = machine;
    this.#guard = guard;
    this.#backing = backing;
  }

  get deviceKeys(): DeviceKeys {
    const { ed25519, curve25519 } = this.#machine.identityKeys;
    return { ed25519: ed25519.toBase64(), curve25519: curve25519.toBase64() };
  }

  async outgoingRequests(): Promise<OlmRequest[]> {
    const requests = await this.#guard(() => this.#machine.outgoingRequests());
    return (requests as RawRequest[]).map(toRequest);
  }

  async markSent({ id, kind }: OlmRequest, answer: string): Promise<void> {
    const type = TYPES[kind];
    if (id === undefined || type === undefined) return;
    await this.#guard(() => this.#machine.markRequestAsSent(id, type, answer));
  }

  async bootstrapCrossSigning(): Promise<OlmRequest[]> {
    const requests = await this.#guard(() => this.#machine.bootstrapCrossSigning(false));
    const keys = requests.uploadKeysRequest as RawRequest | undefined;
    return [
      ...(keys ? [toRequest(keys)] : []),
      { kind: 'signing-keys-upload', id: undefined, body: requests.uploadSigningKeysRequest.body },
      toRequest(requests.uploadSignaturesRequest),
    ];
  }

  async receiveSync({ toDevice, changed, oneTimeKeys, unusedFallbackTypes }: SyncChanges): Promise<boolean> {
    const events = await this.#guard(() =>
      this.#machine.receiveSyncChanges(
        toDevice,
        new sdk.DeviceLists(userIds(changed), []),
        new Map(oneTimeKeys),
        new Set(unusedFallbackTypes),
        new sdk.DecryptionSettings(sdk.TrustRequirement.Untrusted),
      ),
    );
    return events.some(
      (event) =>
        event instanceof sdk.DecryptedToDeviceEvent && /^m\.(forwarded_)?room_key$/.test(typeOf(event.rawEvent)),
    );
  }

  async track(users: Iterable<UserId>): Promise<void> {
    await this.#guard(() => this.#machine.updateTrackedUsers(userIds(users)));
  }

  async missingSessions(users: Iterable<UserId>): Promise<OlmRequest | undefined> {
    const request = await this.#guard(() => this.#machine.getMissingSessions(userIds(users)));
    return request ? toRequest(request) : undefined;
  }

  async shareRoomKey(roomId: RoomId, users: Iterable<UserId>): Promise<OlmRequest[]> {
    const settings = new sdk.EncryptionSettings();
    settings.sharingStrategy = sdk.CollectStrategy.identityBasedStrategy();
    settings.rotationPeriodMessages = BigInt(SESSION_MESSAGES);
    settings.rotationPeriod = BigInt(SESSION_MS) * 1000n;
    // The rooms' history is visible from joining on.
    settings.historyVisibility = sdk.HistoryVisibility.Joined;
    const requests = await this.#guard(() =>
      this.#machine.shareRoomKey(new sdk.RoomId(roomId), userIds(users), settings),
    );
    return requests.map(toRequest);
  }

  async dropRoomKey(roomId: RoomId): Promise<void> {
    await this.#guard(() => this.#machine.invalidateGroupSession(new sdk.RoomId(roomId)));
  }

  async encrypt(roomId: RoomId, type: string, content: string): Promise<string> {
    return await this.#guard(() => this.#machine.encryptRoomEvent(new sdk.RoomId(roomId), type, content));
  }

  async decrypt(event: string, roomId: RoomId, trust: Trust): Promise<Decryption> {
    const settings = new sdk.DecryptionSettings(TRUST[trust]);
    const failures = this.#backing.failures();
    try {
      using clear = await this.#guard(() => this.#machine.decryptRoomEvent(event, new sdk.RoomId(roomId), settings));
      return { outcome: 'clear', event: clear.event };
    } catch (error) {
      if (!(error instanceof sdk.MegolmDecryptionError)) throw error;
      const outcome = OUTCOMES[error.code] ?? 'broken';
      // The library reports a store that cannot be written as an event that cannot be decrypted.
      if (outcome === 'broken' && this.#backing.failures() > failures)
        throw new RetryableError('The crypto store failed while decrypting.');
      return { outcome };
    }
  }

  async close(): Promise<void> {
    this.#machine.close();
    this.#backing.unload();
  }
}

function userIds(users: Iterable<UserId>): sdk.UserId[] {
  return Array.from(users, (user) => new sdk.UserId(user));
}

function toRequest({ id, type, body, event_type: eventType, txn_id: txnId }: RawRequest): OlmRequest {
  const kind = KINDS[type] ?? 'other';
  return { kind, id, body, ...(eventType !== undefined && { eventType }), ...(txnId !== undefined && { txnId }) };
}

function typeOf(rawEvent: string): string {
  return String((JSON.parse(rawEvent) as { type?: unknown }).type);
}
