/** Does one change in a room, as the bot. */
import { PermanentError, RetryableError } from '../errors.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { ChangeOutcome, RoomChange } from '../model/room-change.ts';
import { clientPath, type HomeserverCalls } from './homeserver.ts';
import { errcodeOf, statusOf } from './matrix-fault.ts';
import type { RoomEntry } from './room-entry.ts';
import type { RoomState } from './room-state.ts';
import type { StateSnapshots } from './state-snapshots.ts';

/** What applying changes needs. */
export interface ApplyChangeParts {
  readonly homeserver: HomeserverCalls;
  readonly entry: RoomEntry;
  readonly state: RoomState;
  readonly snapshots: StateSnapshots;
  readonly bot: UserId;
  /** Our own users come in as soon as they are asked. */
  readonly isOurs: (user: UserId) => boolean;
}

type Change<Kind extends RoomChange['kind']> = RoomChange & { readonly kind: Kind };

/** `M_EXCLUSIVE`: Synapse lets an application service remove only addresses of its own namespace. */
const DENIALS: ReadonlySet<string | undefined> = new Set(['M_FORBIDDEN', 'M_EXCLUSIVE']);
const APPLIED: ChangeOutcome = { outcome: 'applied' };

/** Applies changes; after one was applied the room's snapshot has it at once. */
export class ApplyChange {
  readonly #parts: ApplyChangeParts;

  constructor(parts: ApplyChangeParts) {
    this.#parts = parts;
  }

  /** See `RoomControl.apply`. */
  async apply(roomId: RoomId, change: RoomChange): Promise<ChangeOutcome> {
    try {
      return await this.#do(roomId, change);
    } catch (error) {
      if (isHomeserverAway(error)) throw error;
      if (!(error instanceof PermanentError || error instanceof RetryableError)) throw error;
      if (DENIALS.has(errcodeOf(error))) return { outcome: 'denied', problem: denied(change) };
      return { outcome: 'failed', problem: error.message };
    }
  }

  async #do(roomId: RoomId, change: RoomChange): Promise<ChangeOutcome> {
    switch (change.kind) {
      case 'set-state':
        return await this.#setState(roomId, change);
      case 'remove-alias':
        return await this.#removeAlias(roomId, change.alias);
      case 'invite':
        return await this.#invite(roomId, change.userId);
      case 'remove':
        return await this.#remove(roomId, change);
      case 'unban':
        return await this.#leaveAfter(roomId, change.userId, 'unban', { user_id: change.userId }, ['join', 'leave']);
      case 'report':
        return { outcome: 'failed', problem: denied(change) };
    }
  }

  async #setState(roomId: RoomId, { type, stateKey, after }: Change<'set-state'>): Promise<ChangeOutcome> {
    const { state, snapshots, bot } = this.#parts;
    await snapshots.writeState(roomId, type, stateKey, async () => {
      const eventId = await state.set(roomId, type, stateKey, after);
      return { type, stateKey, content: after, sender: bot, eventId };
    });
    return APPLIED;
  }

  /** Looks first: an alias may have been moved to another room meanwhile. */
  async #removeAlias(roomId: RoomId, alias: string): Promise<ChangeOutcome> {
    const { homeserver, bot } = this.#parts;
    const path = clientPath`/_matrix/client/v3/directory/room/${alias}`;
    try {
      const { room_id: target } = await homeserver.call(bot, 'look up an alias', { method: 'GET', path });
      if (target === roomId) await homeserver.call(bot, 'remove an alias', { method: 'DELETE', path });
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    return APPLIED;
  }

  async #invite(roomId: RoomId, userId: UserId): Promise<ChangeOutcome> {
    const { entry, snapshots, isOurs } = this.#parts;
    await snapshots.writeMember(roomId, userId, 'invite', () => entry.invite(roomId, userId));
    if (isOurs(userId)) await entry.join(roomId, userId);
    return APPLIED;
  }

  async #remove(roomId: RoomId, { userId, why }: Change<'remove'>): Promise<ChangeOutcome> {
    if (userId === this.#parts.bot) return { outcome: 'failed', problem: 'The bot does not remove itself.' };
    return await this.#leaveAfter(roomId, userId, 'kick', { user_id: userId, reason: why }, ['leave', 'ban']);
  }

  /** The homeserver refuses where there is nothing to do, too. `done` are the memberships with which there is not. */
  async #leaveAfter(
    roomId: RoomId,
    userId: UserId,
    action: 'kick' | 'unban',
    body: Readonly<Record<string, unknown>>,
    done: readonly string[],
  ): Promise<ChangeOutcome> {
    const { homeserver, bot, state, snapshots } = this.#parts;
    const path = `${clientPath`/_matrix/client/v3/rooms/${roomId}`}/${action}`;
    try {
      await snapshots.writeMember(roomId, userId, 'leave', async () => {
        await homeserver.call(bot, action === 'kick' ? 'remove somebody' : 'lift a ban', {
          method: 'POST',
          path,
          body,
        });
        return true;
      });
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      const member = await state.get(roomId, 'm.room.member', userId);
      if (member !== undefined && !done.includes(String(member['membership']))) throw error;
    }
    return APPLIED;
  }
}

/** Everything but what this one room may be to blame for. */
function isHomeserverAway(error: unknown): boolean {
  return error instanceof RetryableError && statusOf(error) !== 500;
}

/** Plain words for what the bot may not do; they name nobody. */
function denied(change: RoomChange): string {
  switch (change.kind) {
    case 'set-state':
      return `The bot does not have enough power in the room to change ${change.type}.`;
    case 'remove-alias':
      return 'The homeserver lets the bot remove only its own addresses: remove this one in the room settings.';
    case 'invite':
      return 'The bot may not invite somebody: it does not have enough power in the room, or they are banned.';
    case 'remove':
      return 'The bot may not remove somebody: their power is not below its own, or its own is too low.';
    case 'unban':
      return 'The bot does not have enough power in the room to lift a ban.';
    case 'report':
      return 'Only people can fix it.';
  }
}
