import { PermanentError } from '../../errors.ts';
import type { EventId, RoomId, UserId } from '../../model/ids.ts';
import { clientPath } from '../homeserver.ts';
import { errcodeOf } from '../matrix-fault.ts';
import type { MatrixHttp } from '../matrix-http.ts';
import { ENOUGH_KEYS, KeyRequests, type OurDevice } from './key-requests.ts';
import { Lock } from './lock.ts';
import { readPosition } from './megolm-message.ts';
import type { Decryption, DeviceKeys, OlmMachine, OlmRequest, SyncChanges, Trust } from './olm-engine.ts';
import { SettledRoom } from './settled-room.ts';
import type { CryptoStore } from './store/crypto-store.ts';

/** What all users of the bridge share. */
export interface CryptoUserParts {
  readonly http: MatrixHttp;
  readonly store: CryptoStore;
  /** Who may read in this room: joined members that are no ghosts. The same set as long as nothing changes. */
  readonly members: (roomId: RoomId) => Promise<ReadonlySet<UserId>>;
  /** True for users that nobody can send keys to. */
  readonly isGhost: (user: UserId) => boolean;
  /** Counts how often it was asked that the room's keys be made anew. */
  readonly rotations: (roomId: RoomId) => number;
  /** False while the bot's sync is away, and changes of devices may be missed. */
  readonly hearsOfChanges: () => boolean;
  readonly now?: () => number;
}

/** A message to encrypt and send. */
export interface RoomMessage {
  readonly roomId: RoomId;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly txnId: string;
}

/** A device that got no key is looked for again after this long. ms. */
const LOOK_AGAIN_MS = 300_000;

interface Room {
  readonly lock: Lock;
  readonly settled: SettledRoom;
  /** As many of the room's rotations are done. */
  rotated: number;
}

/** One of our users with its machine. */
export class CryptoUser {
  readonly userId: UserId;
  readonly #parts: CryptoUserParts;
  readonly #device: OurDevice;
  readonly #machine: OlmMachine;
  readonly #requests: KeyRequests;
  /** One at a time: calls that read and write the account. */
  readonly #account = new Lock();
  /** Apart from the account, which may wait for the homeserver. */
  readonly #decrypting = new Lock();
  readonly #rooms = new Map<RoomId, Room>();
  readonly #now: () => number;
  #seen: number;

  /** `seen`: up to which device change the machine was told, see `StoredUser`. */
  constructor(parts: CryptoUserParts, device: OurDevice, machine: OlmMachine, seen: number) {
    this.#parts = parts;
    this.#device = device;
    this.#machine = machine;
    this.#requests = new KeyRequests(parts.http, device);
    this.#seen = seen;
    this.#now = parts.now ?? Date.now;
    this.userId = device.userId;
  }

  get deviceKeys(): DeviceKeys {
    return this.#machine.deviceKeys;
  }

  /** Encrypts and sends, see `RoomSender.send`. */
  async encryptAndSend({ roomId, type, content, txnId }: RoomMessage): Promise<EventId> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/send/m.room.encrypted/${txnId}`;
    const { userId, deviceId } = this.#device;
    try {
      const body = await this.#encrypt(roomId, type, JSON.stringify(content));
      const answer = await this.#parts.http.call('send a message', { method: 'PUT', path, body, as: userId, deviceId });
      return answer['event_id'] as EventId;
    } catch (error) {
      throw explain(error);
    }
  }

  /** Takes in what a sync brought, and stores it. Returns true where a room key came. */
  async receiveSync(changes: SyncChanges): Promise<boolean> {
    return await this.#account.run(() => this.#machine.receiveSync(changes));
  }

  /** Sends what the machine has to send: keys that ran low, queries of changed users. */
  async flush(): Promise<void> {
    await this.#account.run(() => this.#flush());
  }

  /** The requests that publish the cross-signing identity. */
  async crossSigningRequests(): Promise<OlmRequest[]> {
    return await this.#account.run(() => this.#machine.bootstrapCrossSigning());
  }

  /** Sends requests in their order. */
  async send(requests: readonly OlmRequest[]): Promise<void> {
    await this.#account.run(async () => {
      for (const request of requests) await this.#send(request);
    });
  }

  /** Decrypts. An author who is not known yet is asked for once. */
  async decrypt(event: string, roomId: RoomId, sender: UserId, trust: Trust): Promise<Decryption> {
    const attempt = (): Promise<Decryption> => this.#decrypting.run(() => this.#machine.decrypt(event, roomId, trust));
    const first = await attempt();
    if (first.outcome !== 'untrusted') return first;
    await this.#account.run(async () => {
      await this.#machine.track([sender]);
      await this.#flush();
    });
    return await attempt();
  }

  /** Waits for what is under way, and frees the machine. Nothing may be asked of it any more. */
  async close(): Promise<void> {
    const nothing = async (): Promise<void> => {};
    await Promise.all(
      [this.#decrypting, ...this.#rooms.values().map(({ lock }) => lock)].map((lock) => lock.run(nothing)),
    );
    await this.#account.run(() => this.#machine.close());
  }

  async #encrypt(roomId: RoomId, type: string, content: string): Promise<string> {
    const room = this.#room(roomId);
    return await room.lock.run(async () => {
      const members = await this.#parts.members(roomId);
      const rotations = this.#parts.rotations(roomId);
      const mustRotate = room.rotated < rotations;
      const mayRest = this.#parts.hearsOfChanges() && !mustRotate;
      const isSettled = mayRest && room.settled.isSettled(members, this.#recipientsOf);
      if (mustRotate) {
        room.settled.failed();
        await this.#account.run(() => this.#machine.dropRoomKey(roomId));
      }
      if (!isSettled) await this.#share(roomId, room.settled, members);
      room.rotated = rotations;
      // Nothing comes between the check and this: with a session that is used up the engine panics.
      try {
        const encrypted = await this.#machine.encrypt(roomId, type, content);
        room.settled.used(readPosition(JSON.parse(encrypted) as Record<string, unknown>));
        return encrypted;
      } catch (error) {
        room.settled.failed();
        throw error;
      }
    });
  }

  async #share(roomId: RoomId, settled: SettledRoom, members: ReadonlySet<UserId>): Promise<void> {
    const recipients = this.#recipientsOf(members);
    await this.#account.run(async () => {
      const hears = this.#parts.hearsOfChanges();
      await this.#machine.track(recipients);
      await this.#learnChanges(hears ? [] : recipients);
      const seen = this.#seen;
      const isQueried = await this.#flush();
      const claim = await this.#machine.missingSessions(recipients);
      const isClaimed = claim === undefined || hasAllKeys(claim.body, await this.#send(claim));
      settled.beginSharing();
      for (const request of await this.#machine.shareRoomKey(roomId, recipients)) await this.#send(request);
      const lookAgainAt = isQueried && isClaimed ? Number.POSITIVE_INFINITY : this.#now() + LOOK_AGAIN_MS;
      settled.shared({ members, recipients, seen, lookAgainAt });
    });
  }

  /** Tells the machine whose devices changed since it was last told, and `also` these. */
  async #learnChanges(also: Iterable<UserId>): Promise<void> {
    const { store } = this.#parts;
    const { newest } = store.deviceChanges;
    const changed = [...new Set([...store.deviceChanges.since(this.#seen), ...also])];
    if (changed.length > 0) {
      const nothingElse = { toDevice: '[]', oneTimeKeys: ENOUGH_KEYS, unusedFallbackTypes: ['signed_curve25519'] };
      await this.#machine.receiveSync({ changed, ...nothingElse });
    }
    if (newest > this.#seen) await store.users.setSeen(this.userId, newest);
    this.#seen = newest;
  }

  /** Returns false where the homeserver could not reach everybody's. */
  async #flush(): Promise<boolean> {
    let isComplete = true;
    for (const request of await this.#machine.outgoingRequests()) {
      if (request.kind === 'other') continue;
      const answer = await this.#send(request);
      if (request.kind === 'keys-query') isComplete &&= !hasFailures(answer);
    }
    return isComplete;
  }

  async #send(request: OlmRequest): Promise<string> {
    const answer = await this.#requests.send(request);
    await this.#machine.markSent(request, answer);
    return answer;
  }

  readonly #recipientsOf = (members: ReadonlySet<UserId>): ReadonlySet<UserId> =>
    new Set([...members].filter((user) => !this.#parts.isGhost(user)));

  #room(roomId: RoomId): Room {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    const { store } = this.#parts;
    const { deviceChanges: changes, sessionAges: ages } = store;
    const settled = new SettledRoom({ userId: this.userId, roomId, changes, ages, now: this.#now });
    const room = { lock: new Lock(), settled, rotated: 0 };
    this.#rooms.set(roomId, room);
    return room;
  }
}

function explain(error: unknown): unknown {
  if (errcodeOf(error) !== 'M_UNKNOWN_DEVICE') return error;
  return new PermanentError(
    'The homeserver no longer has a device of the bridge: somebody deleted it. Run `carebridge reset-crypto` to begin with new keys.',
    { cause: error },
  );
}

/** True where every device that was asked for gave a one-time key. */
function hasAllKeys(claim: string, answer: string): boolean {
  const wanted = (JSON.parse(claim) as { one_time_keys: Record<string, Record<string, string>> }).one_time_keys;
  const given = (JSON.parse(answer) as { one_time_keys?: Record<string, Record<string, object>> }).one_time_keys ?? {};
  return Object.entries(wanted).every(([user, devices]) =>
    Object.keys(devices).every((device) => Object.keys(given[user]?.[device] ?? {}).length > 0),
  );
}

function hasFailures(answer: string): boolean {
  const { failures } = JSON.parse(answer) as { failures?: object };
  return failures !== undefined && Object.keys(failures).length > 0;
}
