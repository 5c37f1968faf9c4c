/** What the bridge needs of an implementation of Olm and Megolm. Proven by the contract test in test/support. */
import type { RoomId, UserId } from '../../model/ids.ts';

/** Makes machines. One engine a process, one store an engine. */
export interface OlmEngine {
  /** As in `encryption.engine`. */
  readonly name: string;
  /** Opens the user's machine from the store, or a new one. */
  open(user: MachineOwner): Promise<OlmMachine>;
  /** Frees what all machines share. Machines must be closed before. */
  close(): Promise<void>;
}

/** Whose machine it is. */
export interface MachineOwner {
  readonly userId: UserId;
  readonly deviceId: string;
  /** Stands for the user in the names of databases and files. */
  readonly number: number;
}

/** Something that must be sent to the homeserver, and its answer handed to `markSent`. */
export interface OlmRequest {
  readonly kind: OlmRequestKind;
  /** Undefined where no answer is expected. */
  readonly id: string | undefined;
  /** The JSON body as the homeserver expects it. */
  readonly body: string;
  /** Of to-device messages. */
  readonly eventType?: string;
  /** Of to-device messages: makes sending safe to repeat. */
  readonly txnId?: string;
}

export type OlmRequestKind =
  'keys-upload' | 'keys-query' | 'keys-claim' | 'to-device' | 'signatures-upload' | 'signing-keys-upload' | 'other';

/** What a /sync brought for one device. */
export interface SyncChanges {
  /** JSON array of to-device events. */
  readonly toDevice: string;
  /** Whose devices changed. */
  readonly changed: readonly UserId[];
  /** Unclaimed one-time keys on the homeserver; an algorithm that is missing has none. */
  readonly oneTimeKeys: ReadonlyMap<string, number>;
  readonly unusedFallbackTypes: readonly string[];
}

/** What must be true of the device that sent an event, or its key. */
export type Trust = 'cross-signed' | 'cross-signed-or-legacy' | 'any';

/** An event's decryption. `no-key`: it may yet come. `untrusted`: decrypted, but the author is not proven. */
export type Decryption =
  { readonly outcome: 'clear'; readonly event: string } | { readonly outcome: 'no-key' | 'untrusted' | 'broken' };

/** The public keys of a device, unpadded base64. */
export interface DeviceKeys {
  readonly ed25519: string;
  readonly curve25519: string;
}

/**
 * One user's device. The caller makes sure that calls which read and write the account (`outgoingRequests`, `markSent`, `receiveSync`,
 * `missingSessions`) do not overlap, and that in each room nothing comes between `shareRoomKey` and `encrypt`. Where a promise resolves, what
 * it did is stored. Faults of the store or of the engine itself are RetryableErrors.
 */
export interface OlmMachine {
  readonly deviceKeys: DeviceKeys;
  /** What waits to be sent. Asked again before it is marked as sent, it answers the same. */
  outgoingRequests(): Promise<OlmRequest[]>;
  /** Hands over what the homeserver answered. */
  markSent(request: OlmRequest, answer: string): Promise<void>;
  /** The requests that publish the cross-signing identity, in their order. Made once; asked again it is the same identity. */
  bootstrapCrossSigning(): Promise<OlmRequest[]>;
  /** Takes in a sync. Returns true where a room key came. */
  receiveSync(changes: SyncChanges): Promise<boolean>;
  /** Follows these users' device lists; new ones are queried with the next `outgoingRequests`. */
  track(users: Iterable<UserId>): Promise<void>;
  /** The request that claims one-time keys of devices with which there is no Olm session. */
  missingSessions(users: Iterable<UserId>): Promise<OlmRequest | undefined>;
  /** Makes or renews the room's session where needed; returns what hands its key to the users' cross-signed devices that lack it. */
  shareRoomKey(roomId: RoomId, users: Iterable<UserId>): Promise<OlmRequest[]>;
  /** The room's session is not used again: the next `shareRoomKey` makes one. `encrypt` must not come before that. */
  dropRoomKey(roomId: RoomId): Promise<void>;
  /** The content of an `m.room.encrypted` event, JSON. The room's key must be shared and not used up. */
  encrypt(roomId: RoomId, type: string, content: string): Promise<string>;
  decrypt(event: string, roomId: RoomId, trust: Trust): Promise<Decryption>;
  /** Frees the memory. Nothing may be running. */
  close(): Promise<void>;
}

/** A Megolm session is used for this many messages (Matrix spec, m.room.encryption `rotation_period_msgs`) ... */
export const SESSION_MESSAGES = 100;
/** ... or this long, whichever ends first. ms. */
export const SESSION_MS = 7 * 24 * 3600 * 1000;
