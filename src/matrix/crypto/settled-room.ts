import type { RoomId, UserId } from '../../model/ids.ts';
import { SESSION_MESSAGES, SESSION_MS } from './olm-engine.ts';
import type { MegolmPosition } from './megolm-message.ts';
import type { DeviceChanges } from './store/device-changes.ts';
import type { SessionAges } from './store/session-ages.ts';

/** The engine's clock and ours are the same; this is for its counting in whole seconds, and for good measure. ms. */
const AGE_MARGIN_MS = 3_600_000;

/** When a session was made that we know nothing of: too long ago. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

/** What the marks are judged by. */
export interface SettledRoomParts {
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly changes: DeviceChanges;
  readonly ages: SessionAges;
  /** Unix ms. */
  readonly now: () => number;
}

/** With whom a room's key was shared, and until when nobody need look again. */
export interface Sharing {
  /** The snapshot of the joined members that the recipients come from. */
  readonly members: ReadonlySet<UserId>;
  readonly recipients: ReadonlySet<UserId>;
  /** Up to which device change the machine had been told. */
  readonly seen: number;
  /** Unix ms at which to look again, because a device could not be reached. */
  readonly lookAgainAt: number;
}

/**
 * Whether one user's key for one room is known to be in the right hands, so that encrypting needs neither the homeserver nor the engine's
 * look through all devices (some 2 ms for each member). It is safe to skip `shareRoomKey` as long as the session can take another message:
 * the index of the last one is in its ciphertext, and when the session was made is known from the attempt to share that made it.
 */
export class SettledRoom {
  readonly #parts: SettledRoomParts;
  #sharing: Sharing | undefined;
  #last: MegolmPosition | undefined;
  #madeAt = UNKNOWN;
  /** Since when the key has been shared without a message. */
  #attemptedAt: number | undefined;

  constructor(parts: SettledRoomParts) {
    this.#parts = parts;
  }

  /** True where the next message can be encrypted as things are. `recipientsOf` is only called where the snapshot is another one. */
  isSettled(
    members: ReadonlySet<UserId>,
    recipientsOf: (members: ReadonlySet<UserId>) => ReadonlySet<UserId>,
  ): boolean {
    const sharing = this.#sharing;
    if (sharing === undefined || this.#last === undefined) return false;
    const now = this.#parts.now();
    const age = now - this.#madeAt;
    const canTakeMore = this.#last.index + 1 < SESSION_MESSAGES && age >= 0 && age < SESSION_MS - AGE_MARGIN_MS;
    if (!canTakeMore || now >= sharing.lookAgainAt) return false;
    if (members !== sharing.members && !isSame(recipientsOf(members), sharing.recipients)) return false;
    const { changes } = this.#parts;
    const { newest } = changes;
    if (changes.since(sharing.seen).some((user) => sharing.recipients.has(user))) return false;
    this.#sharing = { ...sharing, members, seen: newest };
    return true;
  }

  /** To be called before the key is shared. */
  beginSharing(): void {
    const { ages, userId, roomId, now } = this.#parts;
    this.#sharing = undefined;
    this.#attemptedAt ??= ages.begin(userId, roomId, now());
  }

  /** The key is with all of them now. */
  shared(sharing: Sharing): void {
    this.#sharing = sharing;
  }

  /** Encrypting failed, so where the session stands is not known. */
  failed(): void {
    this.#sharing = undefined;
  }

  /** A message was encrypted. */
  used(position: MegolmPosition | undefined): void {
    const { ages, userId, roomId, now } = this.#parts;
    const attemptedAt = this.#attemptedAt;
    const isNew = position !== undefined && position.index === 0 && attemptedAt !== undefined;
    const made = isNew ? { sessionId: position.sessionId, at: attemptedAt } : undefined;
    if (position !== undefined && position.sessionId !== this.#last?.sessionId)
      this.#madeAt = made?.at ?? ages.madeAt(position.sessionId) ?? UNKNOWN;
    if (attemptedAt !== undefined) ages.end(userId, roomId, now() - SESSION_MS, made);
    this.#attemptedAt = undefined;
    this.#last = position;
  }
}

function isSame(left: ReadonlySet<UserId>, right: ReadonlySet<UserId>): boolean {
  return left.size === right.size && [...left].every((user) => right.has(user));
}
