import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, UserError } from '../errors.ts';
import type { LogFields } from '../log.ts';
import type { UserId } from '../model/ids.ts';
import type { AccountProcedure, AccountProcedureStore } from '../ports/account-procedure-store.ts';
import { requireTarget, stateOf, type AccountRequest, type RoomRequest } from './act-on-account.ts';
import { takeEvidence } from './list-devices.ts';
import type { Notifier } from './notifier.ts';
import { isInside, OFFBOARD_STEPS, type OffboardStepParts, type StepResult } from './offboard-steps.ts';

/** What offboarding needs. */
export interface OffboardParts extends OffboardStepParts {
  readonly accountProcedures: AccountProcedureStore;
  readonly notifier: Notifier;
  /** ms; for tests. */
  readonly retryMs?: number;
}

const RETRY_MS = 5_000;

/**
 * Somebody leaves (A7): locked, signed out everywhere, out of lines, roles and every governed room and space. Each step is committed with its result; a
 * process that dies goes on with the next one, and the report is made once.
 */
export class OffboardAccount {
  readonly #parts: OffboardParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isWoken = false;

  constructor(parts: OffboardParts) {
    this.#parts = parts;
  }

  /** Looks, and does nothing. Throws UserError where it must not be done. */
  async look(request: Pick<AccountRequest, 'actor' | 'target'>, successor: UserId | undefined) {
    const account = await requireTarget(this.#parts, 'offboard', request, true);
    if (successor !== undefined) await this.#requireSuccessor(request.target, successor);
    const { lines, governedRooms, roomControl, policy } = this.#parts;
    const inRooms = [];
    for (const { roomId, opaqueId } of await governedRooms.all()) {
      if (isInside((await roomControl.snapshot(roomId)).members.get(request.target))) inRooms.push(opaqueId);
    }
    const roles = ((await policy.current()).assigned.get(request.target) ?? []).map(({ id }) => id);
    return { account, rooms: inRooms.length, roles, lines: lines.ofMember(request.target).map(({ id }) => id) };
  }

  /** Commits what is to be done, with its line in the audit log, and begins. Answers once that is safe; the report comes by itself. */
  async begin(request: RoomRequest, roomId: AccountProcedure['roomId'], successor: UserId | undefined): Promise<void> {
    const { accountProcedures, audit, transactions, now = Date.now } = this.#parts;
    const { target, actor, eventId, trace, reason, ticket, confirmedBy } = request;
    const id = `offboard:${eventId}`;
    const account = await requireTarget(this.#parts, 'offboard', request);
    if (successor !== undefined) await this.#requireSuccessor(target, successor);
    const before = { ...stateOf(account), ...(await takeEvidence(this.#parts, target)) };
    await transactions.run(async () => {
      const procedure = { id, kind: 'offboard', userId: target, successor, askedBy: actor } as const;
      if (!(await accountProcedures.begin({ ...procedure, roomId, eventId, trace, startedAt: now() }))) return;
      await audit.append({
        ...{
          id: `${id}:begun`,
          action: 'account.offboard',
          actor,
          outcome: 'done',
          target,
          sourceEvent: eventId,
          trace,
          before,
        },
        ...(reason !== undefined && { reason }),
        ...(ticket !== undefined && { ticket }),
        details: {
          step: 'begun',
          ...(successor !== undefined && { successor }),
          ...(confirmedBy !== undefined && { confirmedBy }),
        },
      });
    });
    this.wake();
  }

  /** Goes on with what is unfinished. To be called at the start, once the homeserver was reached. */
  wake(): void {
    this.#isWoken = true;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#isWoken && !this.#stopping.signal.aborted) this.wake();
    });
  }

  /** Settles when nothing is left to do, or a step waits for the homeserver after `stop`. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #work(): Promise<void> {
    const { retryMs = RETRY_MS } = this.#parts;
    while (this.#isWoken && !this.#stopping.signal.aborted) {
      this.#isWoken = false;
      if (await this.#goOnWithAll()) continue;
      this.#isWoken = true;
      await sleep(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Answers false where something is left that is worth another try. */
  async #goOnWithAll(): Promise<boolean> {
    const { accountProcedures, log } = this.#parts;
    let isAllDone = true;
    const attemptOne = async (work: () => Promise<void>, about: LogFields): Promise<void> => {
      try {
        await work();
      } catch (error) {
        log.warn('account.offboard-waits', { error, ...about });
        isAllDone = false;
      }
    };
    let unfinished: readonly AccountProcedure[] = [];
    await attemptOne(async () => void (unfinished = await accountProcedures.unfinished()), {});
    for (const procedure of unfinished) {
      const { trace, userId } = procedure;
      await attemptOne(() => this.#goOn(procedure), { trace, userId });
    }
    return isAllDone;
  }

  async #goOn(procedure: AccountProcedure): Promise<void> {
    const { accountProcedures } = this.#parts;
    const done = new Set((await accountProcedures.steps(procedure.id)).map(({ step }) => step));
    for (const [name, step] of OFFBOARD_STEPS) {
      if (done.has(name)) continue;
      if (this.#stopping.signal.aborted) return;
      const result = await attempt(() => step(this.#parts, procedure));
      await this.#write(procedure, name, result);
    }
    await this.#report(procedure);
  }

  async #write(procedure: AccountProcedure, step: string, { outcome, text }: StepResult): Promise<void> {
    const { accountProcedures, audit, transactions, now = Date.now } = this.#parts;
    await transactions.run(async () => {
      if (!(await accountProcedures.addStep(procedure.id, { step, outcome, text, at: now() }))) return;
      const { askedBy: actor, userId: target, eventId: sourceEvent, trace } = procedure;
      const common = { action: 'account.offboard', actor, target, sourceEvent, trace, outcome };
      await audit.append({ ...common, id: `${procedure.id}:${step}`, details: { step, found: text } });
    });
  }

  async #report(procedure: AccountProcedure): Promise<void> {
    const { accountProcedures, transactions, notifier, audit, now = Date.now } = this.#parts;
    const { id, userId: target, roomId, eventId, trace, askedBy: actor } = procedure;
    const steps = await accountProcedures.steps(id);
    const isDone = steps.every(({ outcome }) => outcome === 'done');
    const left = steps.filter(({ outcome }) => outcome !== 'done').map(({ step }) => step);
    const outcome = isDone ? 'done' : 'partial';
    await transactions.run(async () => {
      if (!(await accountProcedures.finish(id, now()))) return;
      await audit.append({
        ...{ id: `${id}:ended`, action: 'account.offboard', actor, outcome, target, sourceEvent: eventId, trace },
        details: { step: 'ended', left },
      });
      const head = isDone
        ? `${target} is offboarded.`
        : `${target} is offboarded in part. Look at: ${left.join(', ')}.`;
      const body = steps.map(({ step, outcome: how, text }) => `${how === 'done' ? '✓' : '✗'} ${step}: ${text}`);
      await notifier.say(roomId, [head, ...body].join('\n'), { cause: `${id}:report`, trace, replyTo: eventId });
    });
  }

  async #requireSuccessor(target: UserId, successor: UserId): Promise<void> {
    if (successor === target) throw new UserError('Nobody can stand in for themselves. Nothing was done.');
    const account = await this.#parts.accounts.find(successor);
    if (account === undefined || account.isLocked === true || account.isDeactivated === true)
      throw new UserError(`${successor} cannot stand in: there is no such account, or it is locked. Nothing was done.`);
  }
}

/** A step that can never be done is reported; one that waits is tried again. */
async function attempt(step: () => Promise<StepResult>): Promise<StepResult> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof UserError || error instanceof PermanentError)
      return { outcome: 'failed', text: error.message };
    throw error;
  }
}
