/**
 * Follows a room that was upgraded (Matrix specification, client-server API, room upgrades).
 *
 * The bridge library's RoomUpgradeHandler is not used: it joins before it has looked, moves ghosts out of the old room before the move is stored,
 * keeps those it waits for in memory, asks nothing about encryption, and reports failures in its log alone.
 */
import { PermanentError, RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { RoomMembers } from './membership.ts';
import type { RoomEntry } from './room-entry.ts';
import { MEGOLM } from './room-plan.ts';
import type { RoomState } from './room-state.ts';

/** What following upgrades needs. */
export interface RoomUpgradesParts {
  readonly entry: RoomEntry;
  readonly state: RoomState;
  readonly members: RoomMembers;
  readonly bot: UserId;
  readonly log: Logger;
}

/** Moves the bot and a ghost from a room to its replacement. */
export class RoomUpgrades {
  readonly #parts: RoomUpgradesParts;

  constructor(parts: RoomUpgradesParts) {
    this.#parts = parts;
  }

  /**
   * Joins the replacement and returns it. Throws RetryableError while the bot is not invited or the new room is not ready, PermanentError where
   * it must not be used: it does not name the old room as its predecessor, or is open to others. May be repeated.
   */
  async follow(
    roomId: RoomId,
    replacement: RoomId,
    ghost: UserId | undefined,
    { isPrivate }: { readonly isPrivate: boolean } = { isPrivate: true },
  ): Promise<RoomId> {
    const { entry, bot, members } = this.#parts;
    await this.#requireTombstone(roomId, replacement);
    await entry.join(replacement, bot);
    await this.#requireSafe(roomId, replacement, isPrivate);
    const memberships = await entry.memberships(replacement);
    if (ghost !== undefined) await this.#moveGhost(replacement, ghost, memberships);
    await this.#inviteOldMembers(roomId, replacement, memberships);
    members.forget(replacement);
    return replacement;
  }

  /** What is worked on may be an old event; the room's present state decides. */
  async #requireTombstone(roomId: RoomId, replacement: RoomId): Promise<void> {
    const tombstone = await this.#parts.state.get(roomId, 'm.room.tombstone');
    if (tombstone?.['replacement_room'] !== replacement)
      throw new PermanentError('The room does not name this room as its replacement.');
  }

  async #requireSafe(roomId: RoomId, replacement: RoomId, isPrivate: boolean): Promise<void> {
    const { state } = this.#parts;
    const create = await state.get(replacement, 'm.room.create');
    const { room_id: predecessor } = (create?.['predecessor'] ?? {}) as { room_id?: unknown };
    if (predecessor !== roomId) return this.#refuse(replacement, 'it does not name the old room as its predecessor');
    if (!isPrivate) return;
    const joinRules = await state.get(replacement, 'm.room.join_rules');
    if (joinRules?.['join_rule'] !== 'invite') return this.#refuse(replacement, 'it is not invite-only');
    const history = await state.get(replacement, 'm.room.history_visibility');
    if (history?.['history_visibility'] === 'world_readable') return this.#refuse(replacement, 'anybody may read it');
    const encryption = await state.get(replacement, 'm.room.encryption');
    // It is not taken back: whoever makes the room may turn it on a moment later.
    if (encryption?.['algorithm'] !== MEGOLM)
      throw new RetryableError('The room that replaces an upgraded one is not encrypted (yet).');
  }

  async #refuse(replacement: RoomId, why: string): Promise<never> {
    await this.#parts.entry.leave(replacement);
    throw new PermanentError(`The room that replaces an upgraded one was not followed: ${why}.`);
  }

  async #moveGhost(replacement: RoomId, ghost: UserId, memberships: ReadonlyMap<UserId, string>): Promise<void> {
    const { entry } = this.#parts;
    const membership = memberships.get(ghost);
    if (membership === 'join') return;
    if (membership !== 'invite') {
      await entry.invite(replacement, ghost).catch((error: unknown) => {
        if (!(error instanceof PermanentError)) throw error;
        throw new RetryableError(
          'The ghost is not invited to the room that replaces an upgraded one, and the bot may not invite it.',
          {
            cause: error.cause,
          },
        );
      });
    }
    await entry.join(replacement, ghost);
  }

  /** A courtesy: clients that upgrade rooms often do it themselves, and the bot may lack the power. */
  async #inviteOldMembers(
    roomId: RoomId,
    replacement: RoomId,
    memberships: ReadonlyMap<UserId, string>,
  ): Promise<void> {
    for (const userId of await this.#parts.members.joined(roomId)) {
      if (memberships.has(userId) || userId === this.#parts.bot) continue;
      await this.#parts.entry.tryInvite(replacement, userId, this.#parts.log);
    }
  }
}
