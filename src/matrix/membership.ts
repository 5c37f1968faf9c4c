/** Who is in which room, from memory. */
import type { MembershipCache } from 'matrix-appservice-bridge';
import { parseUserId, type RoomId, type UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { MatrixEvent } from '../model/rows.ts';
import { clientPath, type Homeserver } from './homeserver.ts';

/** A change of one user's membership, as the homeserver told it. */
export interface MembershipChange {
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** `join`, `leave`, `invite`, `ban` or `knock`. */
  readonly membership: string;
}

/** What keeping members needs. */
export interface RoomMembersParts {
  readonly homeserver: Homeserver;
  readonly namespace: Namespace;
  /** The bridge library's: told about our own users alone, so that its Intents need not register them again. */
  readonly cache: MembershipCache;
  readonly now?: () => number;
}

interface Room {
  /** Undefined until fetched. Never changed in place: whoever holds it has a snapshot. */
  members: ReadonlySet<UserId> | undefined;
  /** Unix ms at which the fetch began. */
  fetchedAt: number;
  fetching: Promise<ReadonlySet<UserId>> | undefined;
  /** An event came while fetching: the answer may be older or newer than it. */
  isOvertaken: boolean;
}

/**
 * An event that is not clearly younger than the fetched list may be older: transactions queue while we are away. It is not applied; the list is
 * fetched anew, so that nobody who left gets a key because of a stale event. Covers the clocks' difference too. ms.
 */
const DOUBT_MS = 60_000;

const MAX_FETCHES = 3;

/**
 * The joined members of each room: fetched once, as the bot, then kept by the events of the transactions. Thousands of members are one set
 * look-up.
 */
export class RoomMembers {
  readonly #parts: RoomMembersParts;
  readonly #rooms = new Map<RoomId, Room>();
  readonly #listeners = new Set<(change: MembershipChange) => void>();

  constructor(parts: RoomMembersParts) {
    this.#parts = parts;
  }

  /** The joined members; a snapshot. Throws PermanentError where the bot is not in the room. */
  async joined(roomId: RoomId): Promise<ReadonlySet<UserId>> {
    const room = this.#rooms.get(roomId) ?? {
      members: undefined,
      fetchedAt: 0,
      fetching: undefined,
      isOvertaken: false,
    };
    this.#rooms.set(roomId, room);
    if (room.members) return room.members;
    room.fetching ??= this.#fetch(roomId, room).finally(() => {
      room.fetching = undefined;
    });
    return room.fetching;
  }

  /** Takes in what a transaction says. */
  observe(events: readonly MatrixEvent[]): void {
    for (const event of events) {
      const userId = event.type === 'm.room.member' ? parseUserId(event.state_key) : undefined;
      const { membership } = event.content;
      if (userId === undefined || typeof membership !== 'string') continue;
      this.#take(event, userId, membership);
      for (const listener of this.#listeners) listener({ roomId: event.room_id, userId, membership });
    }
  }

  /** Calls `listener` for every change, after it is taken in. Returns how to stop. */
  onChange(listener: (change: MembershipChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Forgets a room, so that it is fetched anew: after a change that we made ourselves. */
  forget(roomId: RoomId): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.members = undefined;
    room.isOvertaken = true;
  }

  #take(event: MatrixEvent, userId: UserId, membership: string): void {
    if (isOurs(this.#parts.namespace, userId))
      this.#parts.cache.setMemberEntry(event.room_id, userId, membership as 'join', {});
    const room = this.#rooms.get(event.room_id);
    if (room === undefined) return;
    const isDoubtful = room.members === undefined || event.origin_server_ts < room.fetchedAt + DOUBT_MS;
    if (isDoubtful) return this.forget(event.room_id);
    const isJoined = membership === 'join';
    if (isJoined === room.members?.has(userId)) return;
    const members = new Set(room.members);
    if (isJoined) members.add(userId);
    else members.delete(userId);
    room.members = members;
  }

  async #fetch(roomId: RoomId, room: Room): Promise<ReadonlySet<UserId>> {
    const { now = Date.now } = this.#parts;
    for (let fetches = 1; ; fetches++) {
      room.isOvertaken = false;
      const startedAt = now();
      const members = await this.#request(roomId);
      // In a room where people join all the time the last answer is as good as any: the next event makes it doubtful again.
      if (room.isOvertaken && fetches < MAX_FETCHES) continue;
      room.fetchedAt = startedAt;
      if (!room.isOvertaken) room.members = members;
      return members;
    }
  }

  async #request(roomId: RoomId): Promise<ReadonlySet<UserId>> {
    const { homeserver, namespace, cache } = this.#parts;
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/joined_members`;
    const answer = await homeserver.call(namespace.bot, "read a room's members", { method: 'GET', path });
    const members = new Set(
      Object.keys(answer['joined'] ?? {}).filter((id): id is UserId => parseUserId(id) !== undefined),
    );
    for (const member of members) if (isOurs(namespace, member)) cache.setMemberEntry(roomId, member, 'join', {});
    return members;
  }
}
