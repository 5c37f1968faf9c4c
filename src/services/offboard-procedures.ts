import { setTimeout as sleep } from 'node:timers/promises';
import { isFault, RetryableError, UserError } from '../errors.ts';
import type { AccountProcedure, AccountProcedureStore } from '../ports/account-procedure-store.ts';
import { backoffMs } from '../model/backoff.ts';
import type { Notifier } from './notifier.ts';
import { OFFBOARD_STEPS, type OffboardStepParts, type StepResult } from './offboard-steps.ts';

/** What carrying procedures through needs. */
export interface OffboardProcedureParts extends OffboardStepParts {
  readonly accountProcedures: AccountProcedureStore;
  readonly notifier: Notifier;
  /** Waits so long, ms; ends early, by throwing, when the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * So long after the first fault that may pass steps are tried again, restarts or not; then they are reported as not done, and `offboard` can be repeated.
 * ms.
 */
export const PATIENCE_MS = 3_600_000;
const MAX_PAUSE_MS = 30_000;
/** After so many tries people are told what is waited for: about three seconds. */
const SAID_AFTER_TRIES = 3;

/** A step that another try may still do. */
interface Waiting {
  readonly step: string;
  readonly text: string;
}

/**
 * Does the steps of offboarding, each committed with its result: a process that dies goes on with the next one, and the report is made once. A step that
 * waits for a server keeps only those from being done that build on it.
 */
export class OffboardProcedures {
  readonly #parts: OffboardProcedureParts;
  readonly #stopping = new AbortController();
  readonly #work = new Set<Promise<void>>();
  /** Ids of procedures. */
  readonly #underWay = new Set<string>();

  constructor(parts: OffboardProcedureParts) {
    this.#parts = parts;
  }

  /** Takes up what is unfinished and not under way. */
  wake(): void {
    this.#track(this.#takeUp());
  }

  /** Settles when nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.settled();
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  async #takeUp(): Promise<void> {
    const { accountProcedures } = this.#parts;
    await this.#untilDone({}, async () => {
      for (const procedure of await accountProcedures.unfinished()) {
        if (this.#underWay.has(procedure.id)) continue;
        this.#underWay.add(procedure.id);
        this.#track(this.#carryThrough(procedure).finally(() => this.#underWay.delete(procedure.id)));
      }
      return true;
    });
  }

  async #carryThrough(procedure: AccountProcedure): Promise<void> {
    const { accountProcedures, now = Date.now } = this.#parts;
    const { id, trace, userId } = procedure;
    let since = procedure.waitsSince;
    await this.#untilDone({ trace, userId }, async (tries) => {
      const waiting = await this.#goOn(procedure, since === undefined || now() < since + PATIENCE_MS);
      if (this.#stopping.signal.aborted) return true;
      if (waiting.length === 0) {
        await this.#report(procedure);
        return true;
      }
      if (since === undefined) {
        const first = now();
        await accountProcedures.noteWaiting(id, first);
        since = first;
      }
      if (tries >= SAID_AFTER_TRIES) await this.#sayWaiting(procedure, waiting);
      return false;
    });
  }

  /** Repeats `work` with longer and longer pauses until it answers true; what it throws, as where the database is away, is repeated as well. */
  async #untilDone(
    about: { readonly trace?: string; readonly userId?: string },
    work: (tries: number) => Promise<boolean>,
  ): Promise<void> {
    const { log, pause = pauseFor } = this.#parts;
    const { signal } = this.#stopping;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        if (await work(tries)) return;
      } catch (error) {
        log.warn('account.offboard-waits', { error, ...about });
      }
      await pause(Math.min(backoffMs(tries), MAX_PAUSE_MS), signal).catch(() => undefined);
    }
  }

  /** Tries each step that is not done. Returns those that are worth another try: none where `mayWait` is false. */
  async #goOn(procedure: AccountProcedure, mayWait: boolean): Promise<readonly Waiting[]> {
    const { accountProcedures } = this.#parts;
    const ended = new Set((await accountProcedures.steps(procedure.id)).map(({ step }) => step));
    const waiting: Waiting[] = [];
    for (const { name, after = [], run } of OFFBOARD_STEPS) {
      if (ended.has(name)) continue;
      if (this.#stopping.signal.aborted) return waiting;
      const first = after.find((step) => !ended.has(step));
      if (first !== undefined) {
        waiting.push({ step: name, text: `after ${first}` });
        continue;
      }
      const result = await this.#attempt(procedure, () => run(this.#parts, procedure));
      if (mayWait && result.isWorthAnotherTry === true) {
        waiting.push({ step: name, text: result.text });
        continue;
      }
      await this.#write(procedure, name, result);
      ended.add(name);
    }
    return waiting;
  }

  async #attempt({ trace, userId }: AccountProcedure, step: () => Promise<StepResult>): Promise<StepResult> {
    try {
      return await step();
    } catch (error) {
      this.#parts.log.warn('account.offboard-step-failed', { error, trace, userId });
      const isTold = isFault(error) || error instanceof UserError;
      const text = isTold ? error.message : `a fault of Carebridge itself: see its log (reference ${trace})`;
      return { outcome: 'failed', text, isWorthAnotherTry: !isTold || error instanceof RetryableError };
    }
  }

  async #write(procedure: AccountProcedure, step: string, { outcome, text }: StepResult): Promise<void> {
    const { accountProcedures, audit, transactions, now = Date.now } = this.#parts;
    await transactions.run(async () => {
      if (!(await accountProcedures.addStep(procedure.id, { step, outcome, text, at: now() }))) return;
      const { askedBy: actor, userId: target, eventId: sourceEvent, trace } = procedure;
      const common = { action: 'account.offboard', actor, target, sourceEvent, trace, outcome } as const;
      await audit.append({ ...common, id: `${procedure.id}:${step}`, details: { step, found: text } });
    });
  }

  /** Once: the same words for the same cause. */
  async #sayWaiting(
    { id, userId, roomId, eventId, trace }: AccountProcedure,
    waiting: readonly Waiting[],
  ): Promise<void> {
    const lines = waiting.map(({ step, text }) => `… ${step}: ${text}`);
    const text = [
      `Offboarding ${userId} is not done yet. The bot keeps trying for an hour at most; everything else is done meanwhile, and then the report follows.`,
      ...lines,
    ].join('\n');
    await this.#parts.notifier.say(roomId, text, { cause: `${id}:waits`, trace, replyTo: eventId });
  }

  async #report(procedure: AccountProcedure): Promise<void> {
    const { accountProcedures, transactions, notifier, audit, now = Date.now } = this.#parts;
    const { id, userId: target, roomId, eventId, trace, askedBy: actor } = procedure;
    const steps = await accountProcedures.steps(id);
    const left = steps.filter(({ outcome }) => outcome !== 'done').map(({ step }) => step);
    const isDone = left.length === 0;
    const outcome = isDone ? 'done' : 'partial';
    await transactions.run(async () => {
      if (!(await accountProcedures.finish(id, now()))) return;
      await audit.append({
        id: `${id}:ended`,
        action: 'account.offboard',
        actor,
        outcome,
        target,
        sourceEvent: eventId,
        trace,
        details: { step: 'ended', left },
      });
      const head = isDone
        ? `${target} is offboarded.`
        : `${target} is offboarded in part. Look at: ${left.join(', ')}.`;
      const body = steps.map(({ step, outcome: how, text }) => `${how === 'done' ? '✓' : '✗'} ${step}: ${text}`);
      const next = isDone ? [] : ['Once the cause is fixed, `offboard` again does what is left.'];
      await notifier.say(roomId, [head, ...body, ...next].join('\n'), {
        cause: `${id}:report`,
        trace,
        replyTo: eventId,
      });
    });
  }
}

function pauseFor(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal });
}
