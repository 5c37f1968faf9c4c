import { UserError } from '../errors.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { UserId } from '../model/ids.ts';
import { mayBeIn } from '../policy/may-be-in.ts';
import type { Change } from '../ports/accounts.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import { sumOfChanges } from './sum-of-changes.ts';

/** What inviting needs. */
export interface InviteAdministratorParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind'>;
  readonly control: Pick<RoomControl, 'refresh' | 'apply'>;
}

const RULE = 'admin';

/**
 * Asks somebody into the command room and the security room, as far as they hold a role for them: also who left by themselves, whom nobody asks otherwise,
 * and who was banned.
 */
export class InviteAdministrator {
  readonly #parts: InviteAdministratorParts;

  constructor(parts: InviteAdministratorParts) {
    this.#parts = parts;
  }

  /** Throws UserError where there is no room for them. */
  async run(user: UserId): Promise<Change> {
    const rooms = await this.#roomsFor(user, await this.#parts.policy.current());
    const changes: Change[] = [];
    for (const room of rooms) changes.push(await this.#invite(room, user));
    return sumOfChanges(changes);
  }

  async #roomsFor(user: UserId, policy: CarePolicy): Promise<readonly GovernedRoom[]> {
    const { governedRooms } = this.#parts;
    const all = [...(await governedRooms.ofKind('command')), ...(await governedRooms.ofKind('security'))];
    if (all.length === 0)
      throw new UserError('There is no command room yet: it is made when Carebridge starts. Nothing was done.');
    const rooms = all.filter((room) => mayBeIn(policy, room, user).allowed);
    if (rooms.length > 0) return rooms;
    throw new UserError(
      `${user} holds no role for the command room. Nothing was done. Give them one first: give-role.`,
    );
  }

  async #invite({ roomId, kind }: GovernedRoom, userId: UserId): Promise<Change> {
    const { control } = this.#parts;
    const what = `the ${kind} room`;
    const membershipNow = async () => (await control.refresh(roomId)).members.get(userId);
    const before = await membershipNow();
    if (before === 'join') return { done: true, verified: [`${userId} is in ${what} already`] };
    const why = 'asked for on the host.';
    for (const change of [
      ...(before === 'ban' ? [{ rule: RULE, why, kind: 'unban', userId } as const] : []),
      { rule: RULE, why, kind: 'invite', userId } as const,
    ]) {
      const outcome = await control.apply(roomId, change);
      if (outcome.outcome !== 'applied')
        return { done: false, verified: [], problem: `${userId} was not invited to ${what}: ${outcome.problem}` };
    }
    const after = await membershipNow();
    return after === 'invite' || after === 'join'
      ? { done: true, verified: [`${userId} is ${after === 'join' ? 'in' : 'invited to'} ${what}`] }
      : { done: false, verified: [], problem: `${userId} is still not invited to ${what}.` };
  }
}
