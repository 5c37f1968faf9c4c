import { UserError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { AccountProcedure } from '../ports/account-procedure-store.ts';
import { keepAway, managersOf, requireTarget } from './account-guard.ts';
import { applyAbsences, flagsBefore, stateOf, type AccountRequest, type RoomRequest } from './act-on-account.ts';
import { deviceCount, takeEvidence } from './list-devices.ts';
import { OffboardProcedures, type OffboardProcedureParts } from './offboard-procedures.ts';
import { isInside } from './offboard-steps.ts';
import { seenMembers } from './seen-members.ts';

/**
 * Somebody leaves (A7): locked, signed out everywhere, out of lines, roles and every governed room and space. From the moment that this is committed they
 * count for nobody's colleague (D7); the rest is done step by step.
 */
export class OffboardAccount {
  readonly #parts: OffboardProcedureParts;
  readonly #procedures: OffboardProcedures;

  constructor(parts: OffboardProcedureParts) {
    this.#parts = parts;
    this.#procedures = new OffboardProcedures(parts);
  }

  /** Looks, and does nothing; `devices` is in words (D5). Throws UserError where it must not be done. */
  async look(request: Pick<AccountRequest, 'actor' | 'target'>, successor: UserId | undefined) {
    const account = await requireTarget(this.#parts, 'offboard', request, true);
    if (successor !== undefined) await this.#requireSuccessor(request.target, successor);
    const { lines, governedRooms, roomControl, policy, accountStates } = this.#parts;
    const rooms = await Promise.all((await governedRooms.all()).map(({ roomId }) => seenMembers(roomControl, roomId)));
    const seen = rooms.filter((members) => members !== undefined);
    const roles = ((await policy.current()).assigned.get(request.target) ?? []).map(({ id }) => id);
    const isAgain = (await accountStates.find(request.target))?.absence === 'gone';
    const devices = await deviceCount(this.#parts.accounts, request.target);
    return {
      account,
      devices,
      isAgain,
      rooms: seen.filter((members) => isInside(members.get(request.target))).length,
      unseen: rooms.length - seen.length,
      roles,
      lines: lines.ofMember(request.target).map(({ id }) => id),
    };
  }

  /** Commits what is to be done, with its line in the audit log, and begins. Returns once that is safe; the report comes by itself. */
  async begin(request: RoomRequest, roomId: AccountProcedure['roomId'], successor: UserId | undefined): Promise<void> {
    const id = `offboard:${request.eventId}`;
    // By a process that died before the answer was safe.
    const isBegun = await this.#parts.accountProcedures.has(id);
    if (!isBegun) await this.#commit(id, request, roomId, successor);
    await applyAbsences(this.#parts);
    this.wake();
  }

  /** Goes on with what is unfinished. To be called at the start, once the homeserver was reached. */
  wake(): void {
    this.#procedures.wake();
  }

  /** Settles when nothing is left to do. */
  async settled(): Promise<void> {
    await this.#procedures.settled();
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    await this.#procedures.stop();
  }

  async #commit(
    id: string,
    request: RoomRequest,
    roomId: AccountProcedure['roomId'],
    successor: UserId | undefined,
  ): Promise<void> {
    const { accountProcedures, accountStates, audit, transactions, now = Date.now } = this.#parts;
    const { target, actor, eventId, trace, reason, ticket, confirmedBy } = request;
    const account = await requireTarget(this.#parts, 'offboard', request);
    if (successor !== undefined) await this.#requireSuccessor(target, successor);
    const before = { ...stateOf(account), ...(await takeEvidence(this.#parts, target)) };
    const managers = await managersOf(this.#parts);
    const known = await accountStates.find(target);
    // Whoever is offboarded again keeps who stands in for them, unless somebody else is named.
    const standIn = successor ?? known?.successor;
    const about = { actor, target, sourceEvent: eventId, trace };
    const entry = { id: `${id}:begun`, action: 'account.offboard', ...about } as const;
    await transactions.run(async () => {
      await audit.append({
        ...entry,
        outcome: 'done',
        before,
        ...(reason !== undefined && { reason }),
        ...(ticket !== undefined && { ticket }),
        details: {
          step: 'begun',
          ...(standIn !== undefined && { successor: standIn }),
          ...(confirmedBy !== undefined && { confirmedBy }),
        },
      });
      await keepAway(this.#parts, managers, {
        userId: target,
        ...flagsBefore(account, known),
        absence: 'gone',
        successor: standIn,
        by: actor,
        at: now(),
      });
      const procedure = { id, kind: 'offboard', userId: target, successor: standIn, askedBy: actor } as const;
      await accountProcedures.begin({ ...procedure, roomId, eventId, trace, startedAt: now() });
    });
  }

  async #requireSuccessor(target: UserId, successor: UserId): Promise<void> {
    if (successor === target) throw new UserError('Nobody can stand in for themselves. Nothing was done.');
    const account = await this.#parts.accounts.find(successor);
    const { isLocked, isSuspended, isDeactivated } = account ?? { isDeactivated: true };
    if (isLocked === true || isSuspended === true || isDeactivated === true)
      throw new UserError(
        `${successor} cannot stand in: there is no such account, or it is locked or suspended. Nothing was done.`,
      );
  }
}
