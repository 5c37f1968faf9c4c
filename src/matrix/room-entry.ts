/** Getting users into rooms and out of them. Every call may be repeated. */
import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { parseUserId, serverOf, type RoomId, type UserId } from '../model/ids.ts';
import { clientPath, type HomeserverCalls } from './homeserver.ts';
import { errcodeOf, statusOf } from './matrix-fault.ts';

/** Invites, joins and leaves. */
export class RoomEntry {
  readonly #homeserver: HomeserverCalls;
  readonly #bot: UserId;

  constructor(homeserver: HomeserverCalls, bot: UserId) {
    this.#homeserver = homeserver;
    this.#bot = bot;
  }

  /** Every user's membership that is not `leave`. */
  async memberships(roomId: RoomId): Promise<ReadonlyMap<UserId, string>> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/members`;
    const answer = await this.#homeserver.call(this.#bot, "read a room's members", {
      method: 'GET',
      path,
      query: { not_membership: 'leave' },
    });
    const events = (Array.isArray(answer['chunk']) ? answer['chunk'] : []) as {
      state_key?: unknown;
      content?: { membership?: unknown };
    }[];
    const memberships = new Map<UserId, string>();
    for (const { state_key: stateKey, content } of events) {
      const user = parseUserId(stateKey);
      if (user !== undefined && typeof content?.membership === 'string') memberships.set(user, content.membership);
    }
    return memberships;
  }

  /** Invites as the bot; fine where the user is in or invited already, which it answers with false. */
  async invite(roomId: RoomId, userId: UserId): Promise<boolean> {
    const path = clientPath`/_matrix/client/v3/rooms/${roomId}/invite`;
    try {
      await this.#homeserver.call(this.#bot, 'invite into a room', { method: 'POST', path, body: { user_id: userId } });
      return true;
    } catch (error) {
      if (errcodeOf(error) !== 'M_FORBIDDEN') throw error;
      const membership = (await this.memberships(roomId)).get(userId);
      if (membership !== 'join' && membership !== 'invite') throw error;
      return false;
    }
  }

  /** As `invite`; a user who cannot be invited (left the hospital, mistyped) is logged, so that the others are not kept out. */
  async tryInvite(roomId: RoomId, userId: UserId, log: Logger): Promise<void> {
    try {
      await this.invite(roomId, userId);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      log.warn('room.invite-refused', { roomId, userId, code: errcodeOf(error) });
    }
  }

  /** Joins a room as one of our users. Throws RetryableError where it has not been invited: somebody may still do it. */
  async join(roomId: RoomId, user: UserId): Promise<void> {
    // Room ids without a server part say nothing of where the room is; ours is the only server we can name.
    const server = serverOf(user);
    try {
      await this.#homeserver.call(user, 'join a room', {
        method: 'POST',
        path: clientPath`/_matrix/client/v3/join/${roomId}`,
        query: { via: server, server_name: server },
        body: {},
      });
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      const who = user === this.#bot ? 'the bot' : 'a ghost';
      throw new RetryableError(`Could not join a room: ${who} has not been invited, or is banned.`, {
        cause: (error as Error).cause,
      });
    }
  }

  /** Leaves as the bot; fine where it is not in the room. */
  async leave(roomId: RoomId): Promise<void> {
    try {
      await this.#homeserver.call(this.#bot, 'leave a room', {
        method: 'POST',
        path: clientPath`/_matrix/client/v3/rooms/${roomId}/leave`,
        body: {},
      });
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
    }
  }
}
