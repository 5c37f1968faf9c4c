import type { Logger } from '../log.ts';
import { parseRoomId, type RoomId, type UserId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import type { Rooms } from '../ports/rooms.ts';
import { clientPath, type Homeserver } from './homeserver.ts';
import { errcodeOf, statusOf } from './matrix-fault.ts';
import type { RoomMembers } from './membership.ts';
import { RoomEntry } from './room-entry.ts';
import { RoomState } from './room-state.ts';
import { RoomUpgrades } from './room-upgrades.ts';

/** What asking a homeserver about rooms needs. */
export interface MatrixRoomsParts {
  readonly homeserver: Homeserver;
  readonly members: RoomMembers;
  readonly namespace: Namespace;
  readonly log: Logger;
}

/** Who is in which room of a Matrix homeserver, as the bot sees and changes it. */
export class MatrixRooms implements Rooms {
  readonly #parts: MatrixRoomsParts;
  readonly #entry: RoomEntry;
  readonly #state: RoomState;
  readonly #upgrades: RoomUpgrades;
  /** Display names set by this process: each is looked up once. */
  readonly #named = new Map<UserId, string>();

  constructor(parts: MatrixRoomsParts) {
    const { homeserver, namespace, members, log } = parts;
    this.#parts = parts;
    this.#entry = new RoomEntry(homeserver, namespace.bot);
    this.#state = new RoomState(homeserver, namespace.bot);
    this.#upgrades = new RoomUpgrades({ entry: this.#entry, state: this.#state, members, bot: namespace.bot, log });
  }

  async invite(roomId: RoomId, userId: UserId): Promise<void> {
    if ((await this.joinedMembers(roomId)).has(userId)) return;
    await this.#entry.invite(roomId, userId);
  }

  joinedMembers(roomId: RoomId): Promise<ReadonlySet<UserId>> {
    return this.#parts.members.joined(roomId);
  }

  async isIn(roomId: RoomId, user: UserId): Promise<boolean> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/joined_members`;
    try {
      const answer = await this.#parts.homeserver.call(user, "read a room's members", { method: 'GET', path });
      // Synapse answers as long as any of our users is in the room.
      return Object.hasOwn(answer['joined'] ?? {}, user);
    } catch (error) {
      if (statusOf(error) !== 404 && errcodeOf(error) !== 'M_FORBIDDEN') throw error;
      return false;
    } finally {
      this.#parts.members.forget(roomId);
    }
  }

  async bringIn(roomId: RoomId, ghost: UserId): Promise<void> {
    await this.#entry.invite(roomId, ghost);
    await this.#entry.join(roomId, ghost);
    this.#parts.members.forget(roomId);
  }

  isEncrypted(roomId: RoomId): Promise<boolean> {
    return this.#state.isEncrypted(roomId);
  }

  async resolveAlias(alias: string): Promise<RoomId | undefined> {
    const { homeserver, namespace } = this.#parts;
    const path = clientPath`/_matrix/client/v3/directory/room/${alias}`;
    const answer = await homeserver
      .call(namespace.bot, 'look up a room', { method: 'GET', path })
      .catch(undefinedWhereNotFound);
    return parseRoomId(answer?.['room_id']);
  }

  followUpgrade(
    roomId: RoomId,
    replacement: RoomId,
    ghost: UserId | undefined,
    options?: { readonly isPrivate: boolean },
  ): Promise<RoomId> {
    return this.#upgrades.follow(roomId, replacement, ghost, options);
  }

  async leave(roomId: RoomId): Promise<void> {
    await this.#entry.leave(roomId);
    this.#parts.members.forget(roomId);
  }

  /** Also right for the bot. */
  async ensureGhost(ghost: UserId, displayName: string): Promise<void> {
    if (this.#named.get(ghost) === displayName) return;
    const { homeserver } = this.#parts;
    await homeserver.ensureRegistered(ghost);
    const path = clientPath`/_matrix/client/v3/profile/${ghost}/displayname`;
    const current = await homeserver
      .call(ghost, 'read a display name', { method: 'GET', path })
      .catch(undefinedWhereNotFound);
    // Setting it writes into every room the user is in.
    if (current?.['displayname'] !== displayName) {
      await homeserver.call(ghost, 'set a display name', { method: 'PUT', path, body: { displayname: displayName } });
    }
    this.#named.set(ghost, displayName);
  }
}

function undefinedWhereNotFound(error: unknown): undefined {
  if (statusOf(error) !== 404) throw error;
}
