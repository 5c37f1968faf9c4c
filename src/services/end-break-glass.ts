import { PermanentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EmergencyAccess } from '../model/governed-room.ts';
import type { UserId } from '../model/ids.ts';
import { mayBeIn } from '../policy/may-be-in.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import type { TellSecurity } from './tell-security.ts';

/** What ending needs. */
export interface EndBreakGlassParts {
  readonly emergencyAccess: EmergencyAccessStore;
  readonly governedRooms: GovernedRoomStore;
  readonly policy: PolicyInEffect;
  readonly control: Pick<RoomControl, 'snapshot' | 'refresh' | 'apply'>;
  readonly audit: AuditLog;
  readonly security: TellSecurity;
  readonly transactions: Transactions;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Who ends it. `expiry`: its time is over. */
export interface BreakGlassEnd {
  readonly by: UserId | 'expiry' | 'carebridge';
  readonly trace: string;
  /** PHI-free words for the audit log. */
  readonly note?: string;
}

/**
 * What became of it. `out`: the user was seen to be out of the room. `stays`: a role of theirs lets them be there now. `stuck`: they are still in, and
 * `problem` says why, PHI-free; the grant is not ended.
 */
export type BreakGlassEnded =
  { readonly end: 'out' | 'stays' | 'over-already' } | { readonly end: 'stuck'; readonly problem: string };

const INSIDE = new Set(['join', 'invite', 'knock']);

/** Ends emergency access: first the user is out, then the grant is over. */
export class EndBreakGlass {
  readonly #parts: EndBreakGlassParts;

  constructor(parts: EndBreakGlassParts) {
    this.#parts = parts;
  }

  /** Throws RetryableError while the homeserver is away. Repeating it does no harm. */
  async end(access: EmergencyAccess, end: BreakGlassEnd): Promise<BreakGlassEnded> {
    if (await this.#mayStay(access)) {
      const isFirst = await this.close(access, { ...end, note: 'stays by role' });
      return { end: isFirst ? 'stays' : 'over-already' };
    }
    const problem = await this.#remove(access);
    if (problem !== undefined) return { end: 'stuck', problem };
    return { end: (await this.close(access, end)) ? 'out' : 'over-already' };
  }

  /** Ends every grant of a user whose account is being closed. */
  async endAllOf(user: UserId, end: BreakGlassEnd): Promise<readonly BreakGlassEnded[]> {
    const ended: BreakGlassEnded[] = [];
    for (const access of await this.#parts.emergencyAccess.open()) {
      if (access.userId === user) ended.push(await this.end(access, end));
    }
    return ended;
  }

  /** Writes that it is over, for a user who is out. Returns false where it was over already. */
  async close(access: EmergencyAccess, { by, trace, note }: BreakGlassEnd): Promise<boolean> {
    const { emergencyAccess, audit, security, governedRooms, transactions, policy, log, now = Date.now } = this.#parts;
    const isFirst = await transactions.run(async () => {
      if (!(await emergencyAccess.end(access.id, by, now()))) return false;
      const room = await governedRooms.find(access.roomId);
      const details = { access: access.id, room: room?.opaqueId ?? '', ...(note !== undefined && { note }) };
      await audit.append({
        id: `break-glass:${access.id}:end`,
        action: 'break-glass.end',
        actor: by === 'expiry' ? 'carebridge' : by,
        outcome: 'done',
        target: access.userId,
        roomId: access.roomId,
        cause: by === 'expiry' ? 'its time is over' : 'ended before its time',
        details,
        trace,
      });
      const how = by === 'expiry' ? 'its time is over' : `ended by ${by}`;
      const where = note === undefined ? 'They are out of the room.' : `Note: ${note}.`;
      await security.tell(
        `BREAK-GLASS over: ${access.userId}, room ${room?.opaqueId ?? access.roomId}, ${how}. ${where}`,
        { cause: `break-glass:${access.id}:ended`, trace },
      );
      transactions.afterCommit(() => policy.invalidate());
      return true;
    });
    if (isFirst) log.info('break-glass.ended', { roomId: access.roomId, userId: access.userId, trace });
    return isFirst;
  }

  /** By a role that was given meanwhile, in a room that is governed still. */
  async #mayStay({ roomId, userId }: EmergencyAccess): Promise<boolean> {
    const room = await this.#parts.governedRooms.find(roomId);
    if (room === undefined) return false;
    return mayBeIn({ ...(await this.#parts.policy.current()), emergencies: new Map() }, room, userId).allowed;
  }

  /** Returns what stands in the way, or undefined once the user was seen to be out. */
  async #remove({ roomId, userId }: EmergencyAccess): Promise<string | undefined> {
    const { control, governedRooms } = this.#parts;
    try {
      if (!INSIDE.has((await control.snapshot(roomId)).members.get(userId) ?? '')) {
        // What is kept may be behind; what ends an emergency must be seen.
        if (!INSIDE.has((await control.refresh(roomId)).members.get(userId) ?? '')) return undefined;
      }
      const why = 'Your emergency access to this room is over.';
      const outcome = await control.apply(roomId, { kind: 'remove', rule: 'break-glass', why, userId });
      if (outcome.outcome !== 'applied') return outcome.problem;
      const membership = (await control.refresh(roomId)).members.get(userId) ?? '';
      return INSIDE.has(membership) ? 'The user is still in the room after the removal.' : undefined;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // Nothing of ours is there any more, so nothing can be done, nor need be: the room was given back to people.
      if ((await governedRooms.find(roomId)) === undefined) return undefined;
      return 'The bot is not in the room.';
    }
  }
}
