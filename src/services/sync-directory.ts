import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { newOpaqueId, type EventId, type UserId } from '../model/ids.ts';
import { managesRoles, refuseHolder, refuseLastAdministrator } from '../policy/may-assign-role.ts';
import { roleChanges, rolesAfter, type RoleChanges, type UserRole } from '../policy/role-changes.ts';
import type { IdentitySource } from '../ports/identity-source.ts';
import type { Notifier } from './notifier.ts';
import { writeRoleChanges, type RoleWriterParts } from './write-role-changes.ts';

/** What following a directory needs. */
export interface SyncDirectoryParts extends RoleWriterParts {
  readonly source: IdentitySource;
  readonly notifier: Pick<Notifier, 'tellAdmins'>;
  readonly log: Logger;
  /** Between two readings, ms. */
  readonly intervalMs: number;
  /** The share of the directory’s people, 0 to 1, from whom roles may be taken at once without anybody being asked. */
  readonly mostTaken: number;
}

/** What a reading says to change. `isSuspicious`: it takes roles from more people than goes without saying. */
export interface DirectoryPlan {
  readonly changes: RoleChanges;
  /** People who have a role by the directory now, and those who would lose one. */
  readonly people: number;
  readonly losing: number;
  readonly isSuspicious: boolean;
  /** Says of what is left out and why, for administrators. */
  readonly leftOut: readonly string[];
}

/** A few people can leave at once: a share of a handful says nothing. */
const FEW = 3;
/** Administrators hear of a directory that cannot be read after this long, and once a day again. */
const TELL_AFTER_MS = 30 * 60_000;
const TELL_AGAIN_MS = 24 * 3_600_000;
/** The wait after a failed reading, doubled each time up to the interval. */
const FIRST_RETRY_MS = 10_000;

/** Makes the roles of source `directory` those of the directory’s groups: leaving a group takes the role. */
export class SyncDirectory implements AsyncDisposable {
  readonly #parts: SyncDirectoryParts;
  #failures = 0;
  #problem: string | undefined;
  #failingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(parts: SyncDirectoryParts) {
    this.#parts = parts;
  }

  /** Reads now and then at every interval, until it is disposed of. */
  start(): void {
    this.#schedule(0);
  }

  /** Stops, once what is being written is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** What was wrong with the last reading, in plain words; undefined where it was read. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** One reading, with what goes wrong kept in the log and told to administrators. Returns whether it was read. */
  async runOnce(): Promise<boolean> {
    const { log, source } = this.#parts;
    try {
      const plan = await this.plan();
      const changes = plan.isSuspicious ? { ...plan.changes, take: [] } : plan.changes;
      const written = await this.#write(changes, newOpaqueId(8));
      if (written > 0) log.info('directory.synced', { name: source.name, count: written });
      if (plan.isSuspicious) await this.#tellOfSuspicion(plan);
      if (plan.leftOut.length > 0) await this.#tellOfLeftOut(plan.leftOut);
      await this.#recovered();
      return true;
    } catch (error) {
      await this.#failed(error);
      return false;
    }
  }

  /** Reads and compares; does nothing. Throws RetryableError where the directory cannot be read. */
  async plan(): Promise<DirectoryPlan> {
    const { source, roles, mostTaken } = this.#parts;
    const members = await source.members();
    const policy = await this.#parts.policy.current();
    const current = await roles.current();
    const leftOut = new Set<string>();
    const wanted: UserRole[] = [];
    for (const { userId, roleIds } of members) {
      const refusal = refuseHolder(policy, userId);
      if (refusal?.code === 'gone')
        leftOut.add(`${userId} was offboarded: no role. Take them out of the directory’s groups.`);
      else if (refusal) leftOut.add(refusal.message);
      else wanted.push(...[...roleIds].map((roleId) => ({ userId, roleId })));
    }
    let changes = roleChanges(current, 'directory', wanted);
    const last = refuseLastAdministrator(
      policy.assigned.values(),
      rolesAfter(policy, current, 'directory', changes).values(),
    );
    if (last) {
      const isManager = ({ roleId }: UserRole) => {
        const role = policy.roles.get(roleId);
        return role !== undefined && managesRoles(role);
      };
      changes = { ...changes, take: changes.take.filter((role) => !isManager(role)) };
      leftOut.add(`The directory no longer names any administrator. ${last.message}`);
    }
    const people = new Set(current.flatMap(({ source: by, userId }) => (by === 'directory' ? [userId] : []))).size;
    const losing = new Set(changes.take.map(({ userId }) => userId)).size;
    const isSuspicious = losing > FEW && losing > people * mostTaken;
    return { changes, people, losing, isSuspicious, leftOut: [...leftOut] };
  }

  /** Does what a person has looked at and agreed to, also where it is suspicious. */
  async accept(
    changes: RoleChanges,
    by: { readonly actor: UserId; readonly eventId: EventId; readonly trace: string },
  ): Promise<number> {
    return writeRoleChanges(this.#parts, changes, {
      source: 'directory',
      actor: by.actor,
      id: by.eventId,
      sourceEvent: by.eventId,
      trace: by.trace,
      cause: this.#cause,
    });
  }

  get #cause(): string {
    return `directory ${this.#parts.source.name}`;
  }

  #write(changes: RoleChanges, trace: string): Promise<number> {
    const id = `directory:${trace}:${Date.now()}`;
    return writeRoleChanges(this.#parts, changes, {
      source: 'directory',
      actor: 'carebridge',
      id,
      cause: this.#cause,
      trace,
    });
  }

  #schedule(waitMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.runOnce().then((isRead) => this.#schedule(this.#nextWait(isRead)));
    }, waitMs);
    this.#timer.unref();
  }

  #nextWait(isRead: boolean): number {
    const { intervalMs } = this.#parts;
    return isRead ? intervalMs : Math.min(intervalMs, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
  }

  async #failed(error: unknown): Promise<void> {
    const { log, source, notifier } = this.#parts;
    this.#failures += 1;
    this.#failingSince ??= Date.now();
    log.warn('directory.sync-failed', { name: source.name, attempts: this.#failures, error });
    const why = error instanceof RetryableError ? error.message : 'The log says why.';
    this.#problem = why;
    const failingMs = Date.now() - this.#failingSince;
    if (failingMs < TELL_AFTER_MS) return;
    const day = Math.floor(failingMs / TELL_AGAIN_MS);
    const text = `The directory has been unreadable since ${new Date(this.#failingSince).toISOString()}: ${why} Roles stay as they were; nobody who left a group has lost a role since.`;
    // Telling must not end the loop: the database may be what fails.
    await notifier
      .tellAdmins(text, { cause: `directory-failing:${this.#failingSince}:${day}` })
      .catch((cause: unknown) => log.warn('directory.not-told', { error: cause }));
  }

  async #recovered(): Promise<void> {
    const since = this.#failingSince;
    this.#failures = 0;
    this.#problem = undefined;
    this.#failingSince = undefined;
    if (since === undefined || Date.now() - since < TELL_AFTER_MS) return;
    await this.#parts.notifier.tellAdmins('The directory can be read again; roles follow it.', {
      cause: `directory-back:${since}`,
    });
  }

  async #tellOfSuspicion({ losing, people, changes }: DirectoryPlan): Promise<void> {
    const text = `The directory’s answer would take roles from ${losing} of ${people} people at once, so nothing was taken. If that is right, say \`role sync\`; else look at the directory’s groups and at what its user may read.`;
    this.#parts.log.warn('directory.suspicious', { count: losing });
    await this.#parts.notifier.tellAdmins(text, { cause: `directory-suspicious:${today()}:${changes.take.length}` });
  }

  async #tellOfLeftOut(leftOut: readonly string[]): Promise<void> {
    this.#parts.log.warn('directory.left-out', { count: leftOut.length });
    const text = ['The directory names some who were left out:', ...leftOut.slice(0, 20)].join('\n');
    await this.#parts.notifier.tellAdmins(text, { cause: `directory-left-out:${today()}:${leftOut.length}` });
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
