/** Reads and repairs state events as the bot. */
import { isDeepStrictEqual } from 'node:util';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import { clientPath, type HomeserverCalls } from './homeserver.ts';
import { statusOf } from './matrix-fault.ts';
import { MEGOLM } from './room-plan.ts';

/** State of rooms as the bot sees it, and the one fact about a room that is kept: that it is encrypted, which cannot be undone. */
export class RoomState {
  readonly #homeserver: HomeserverCalls;
  readonly #bot: UserId;
  readonly #encrypted = new Set<RoomId>();

  constructor(homeserver: HomeserverCalls, bot: UserId) {
    this.#homeserver = homeserver;
    this.#bot = bot;
  }

  /** The content of a state event, or undefined where the room has none. Throws PermanentError where the bot is not in the room. */
  async get(roomId: RoomId, type: string, stateKey = ''): Promise<Record<string, unknown> | undefined> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`;
    try {
      return await this.#homeserver.call(this.#bot, "read a room's state", { method: 'GET', path });
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Writes a state event where the room does not have it as given. */
  async ensure(roomId: RoomId, type: string, content: Readonly<Record<string, unknown>>, stateKey = ''): Promise<void> {
    const current = await this.get(roomId, type, stateKey);
    if (current && Object.entries(content).every(([key, value]) => isDeepStrictEqual(current[key], value))) return;
    await this.set(roomId, type, stateKey, content);
  }

  /** Writes a state event and returns its id; where it is there already, the id of that one. */
  async set(
    roomId: RoomId,
    type: string,
    stateKey: string,
    content: Readonly<Record<string, unknown>>,
  ): Promise<EventId> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`;
    const answer = await this.#homeserver.call(this.#bot, "set a room's state", { method: 'PUT', path, body: content });
    return answer['event_id'] as EventId;
  }

  /** True where the room is encrypted with the algorithm we know. */
  async isEncrypted(roomId: RoomId): Promise<boolean> {
    if (this.#encrypted.has(roomId)) return true;
    const encryption = await this.get(roomId, 'm.room.encryption');
    const isEncrypted = encryption?.['algorithm'] === MEGOLM;
    if (isEncrypted) this.#encrypted.add(roomId);
    return isEncrypted;
  }
}
