import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EmergencyAccess } from '../model/governed-room.ts';
import { newOpaqueId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import type { EndBreakGlass } from './end-break-glass.ts';
import type { TellSecurity } from './tell-security.ts';

/** What expiring needs. */
export interface ExpireBreakGlassParts {
  readonly emergencyAccess: EmergencyAccessStore;
  readonly ending: EndBreakGlass;
  readonly audit: AuditLog;
  readonly security: TellSecurity;
  readonly log: Logger;
  readonly now?: () => number;
}

/** A timer of Node waits no longer than 24 days. ms. */
const LONGEST_WAIT_MS = 60 * 60_000;
/** How long after a failure it is tried again, ms: doubled each time. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

interface Attempts {
  readonly count: number;
  readonly notBefore: number;
  readonly trace: string;
}

/**
 * Ends emergency access when its time is over, and goes on until the user is really out. The database is the truth: after a restart what is over is ended
 * at once, and the timer set anew for the rest.
 */
export class ExpireBreakGlass {
  readonly #parts: ExpireBreakGlassParts;
  readonly #attempts = new Map<string, Attempts>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isStopped = false;

  constructor(parts: ExpireBreakGlassParts) {
    this.#parts = parts;
  }

  /** Looks now: at start, after a grant or an end, and when the homeserver is back. */
  readonly notify = (): void => {
    if (this.#isStopped) return;
    if (this.#running !== undefined) {
      this.#isAsked = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isAsked) {
        this.#isAsked = false;
        this.notify();
      }
    });
  };

  /** Like `notify`, for when the homeserver is back: what failed is tried at once. */
  readonly retryNow = (): void => {
    for (const [id, attempts] of this.#attempts) this.#attempts.set(id, { ...attempts, notBefore: 0 });
    this.notify();
  };

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    let waitMs = LONGEST_WAIT_MS;
    try {
      const open = await this.#parts.emergencyAccess.open();
      const ids = new Set(open.map(({ id }) => id));
      for (const id of this.#attempts.keys()) if (!ids.has(id)) this.#attempts.delete(id);
      for (const access of open) {
        if (this.#isStopped) return;
        const dueAt = Math.max(access.expiresAt, this.#attempts.get(access.id)?.notBefore ?? 0);
        const nextAt = dueAt > this.#now() ? dueAt : await this.#expire(access);
        if (nextAt !== undefined) waitMs = Math.min(waitMs, Math.max(0, nextAt - this.#now()));
      }
    } catch (error) {
      this.#parts.log.error('break-glass.expiry-failed', { error });
      waitMs = FIRST_RETRY_MS;
    }
    if (!this.#isStopped) this.#timer = setTimeout(this.notify, waitMs);
  }

  /** Returns when to try again; undefined once it is over. */
  async #expire(access: EmergencyAccess): Promise<number | undefined> {
    const { audit, ending, log } = this.#parts;
    const { count, trace } = this.#attempts.get(access.id) ?? { count: 0, trace: newOpaqueId(8) };
    try {
      await audit.append({
        id: `break-glass:${access.id}:expiry`,
        action: 'break-glass.expiry',
        actor: 'carebridge',
        outcome: 'done',
        target: access.userId,
        roomId: access.roomId,
        cause: 'its time is over',
        details: { access: access.id },
        trace,
      });
      const ended = await ending.end(access, { by: 'expiry', trace });
      if (ended.end !== 'stuck') {
        this.#attempts.delete(access.id);
        return undefined;
      }
      await this.#report(access, ended.problem, trace);
    } catch (error) {
      // The homeserver or the database is away: what fails otherwise is a fault of ours, and no reason to leave somebody in.
      const level = error instanceof RetryableError ? 'warn' : 'error';
      log[level]('break-glass.expiry-failed', { roomId: access.roomId, userId: access.userId, trace, error });
    }
    const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count, 16));
    const notBefore = this.#now() + waitMs;
    this.#attempts.set(access.id, { count: count + 1, notBefore, trace });
    return notBefore;
  }

  /** Once for each grant: people must act. */
  async #report(access: EmergencyAccess, problem: string, trace: string): Promise<void> {
    const { audit, security } = this.#parts;
    await audit.append({
      id: `break-glass:${access.id}:stuck`,
      action: 'break-glass.end',
      actor: 'carebridge',
      outcome: 'failed',
      target: access.userId,
      roomId: access.roomId,
      cause: 'its time is over',
      details: { access: access.id, problem },
      trace,
    });
    await security.tell(
      `BREAK-GLASS not ended: the time of ${access.userId} in ${access.roomId} is over, and they cannot be removed. ${problem} Remove them by hand; it is tried again every minute.`,
      { cause: `break-glass:${access.id}:stuck`, trace },
    );
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)();
  }
}
