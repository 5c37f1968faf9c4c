import { PermanentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { AuditEntry } from '../model/audit-entry.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import { newOpaqueId, type RoomId, type UserId } from '../model/ids.ts';
import { powerOf } from '../model/room-power.ts';
import type { ChangeOutcome, RoomChange } from '../model/room-change.ts';
import { stateId, type RoomSnapshot } from '../model/room-snapshot.ts';
import { auditableChange } from '../policy/auditable-state.ts';
import { reconcile } from '../policy/reconcile.ts';
import { whoChanged, type ChangedBy } from '../policy/who-changed.ts';
import type { WarLimits } from '../policy/war.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import { RateLimit, type RateLimits } from './rate-limit.ts';
import { RepairMemory } from './repair-memory.ts';
import type { RepairNotices } from './repair-notices.ts';
import type { RoomReport, RoomReports } from './room-reports.ts';
import { steadyNow } from './steady-clock.ts';

/** What repairing needs. */
export interface RepairRoomParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find'>;
  readonly control: Pick<RoomControl, 'snapshot' | 'refresh' | 'apply'>;
  readonly audit: AuditLog;
  readonly transactions: Transactions;
  readonly reports: Pick<RoomReports, 'set'>;
  readonly notices: Pick<RepairNotices, 'add'>;
  readonly war: WarLimits;
  /** Nothing is changed, what would be is reported. */
  readonly isDryRun: boolean;
  readonly log: Logger;
  /** Of all rooms together. */
  readonly rate?: RateLimits;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Patients' texts go by the same homeserver. */
const ALL_ROOMS_RATE: RateLimits = { burst: 200, perSecond: 20 };
/** A room that needs more turns than this changes while it is put right: then its next event wakes us. */
const MAX_TURNS = 4;

/** A change that is to be made, and who made it necessary. */
interface Repair {
  readonly change: RoomChange;
  readonly by: ChangedBy;
}

interface Pass {
  readonly room: GovernedRoom;
  readonly memory: RepairMemory;
  readonly reports: RoomReport[];
  readonly trace: string;
  /** Unix ms at which to look again. */
  lookAt: number;
}

/** Puts one room right. Safe to be killed at any point: whoever looks next finds what is left to do. */
export class RepairRoom {
  readonly #parts: RepairRoomParts;
  readonly #now: () => number;
  readonly #rate: RateLimit;
  readonly #memories = new Map<RoomId, RepairMemory>();

  constructor(parts: RepairRoomParts) {
    this.#parts = parts;
    this.#now = parts.now ?? steadyNow;
    this.#rate = new RateLimit(parts.rate ?? ALL_ROOMS_RATE, this.#now);
  }

  /**
   * Returns the Unix ms at which to look again though nothing changes, or undefined. `isUnannounced`: no event woke us, so what is found is looked
   * up anew before it is acted on. Throws RetryableError while the homeserver or the audit log is away.
   */
  async repair(roomId: RoomId, { isUnannounced }: { readonly isUnannounced: boolean }): Promise<number | undefined> {
    const { policy, governedRooms, control, reports } = this.#parts;
    const room = await governedRooms.find(roomId);
    if (room === undefined) {
      this.#memories.delete(roomId);
      await reports.set(roomId, []);
      return undefined;
    }
    const inEffect = await policy.current();
    let seen = await this.#look(inEffect, room, () => control.snapshot(roomId));
    if (isUnannounced && seen.changes.some(({ kind }) => kind !== 'report')) {
      seen = await this.#look(inEffect, room, () => control.refresh(roomId));
    }
    const { lookAt, found } = await this.#turns(inEffect, room, seen);
    await reports.set(roomId, found);
    return Number.isFinite(lookAt) ? lookAt : undefined;
  }

  async #turns(
    policy: CarePolicy,
    room: GovernedRoom,
    first: Seen,
  ): Promise<{ lookAt: number; found: readonly RoomReport[] }> {
    const { control, isDryRun } = this.#parts;
    const memory = this.#memories.get(room.roomId) ?? new RepairMemory(this.#parts.war, this.#now);
    this.#memories.set(room.roomId, memory);
    const trace = newOpaqueId(8);
    let lookAt = Infinity;
    let held: RoomReport[] = [];
    let seen = first;
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const pass: Pass = { room, memory, reports: [], trace: `${trace}${turn}`, lookAt: Infinity };
      const repairs = isDryRun ? this.#wouldRepair(pass, seen) : this.#due(pass, seen);
      const applied = await this.#apply(pass, seen, repairs);
      ({ lookAt } = pass);
      held = pass.reports;
      if (applied === 0) break;
      seen = await this.#look(policy, room, () => control.snapshot(room.roomId));
    }
    memory.prune(seen.changes);
    if (memory.isEmpty) this.#memories.delete(room.roomId);
    return { lookAt, found: [...seen.reports, ...held] };
  }

  async #look(policy: CarePolicy, room: GovernedRoom, fetch: () => Promise<RoomSnapshot>): Promise<Seen> {
    try {
      const snapshot = await fetch();
      const changes = reconcile(policy, room, snapshot);
      const reports = changes.flatMap((change) =>
        change.kind === 'report'
          ? [{ rule: change.rule, why: change.why, changedBy: otherThan(policy, whoChanged(snapshot, change).userId) }]
          : [],
      );
      const repairs = changes
        .filter(({ kind }) => kind !== 'report')
        .map((change) => ({ change, by: whoChanged(snapshot, change) }));
      return { policy, snapshot, changes, repairs, reports };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // The message is ours: the bot is out, or the state is too large to be taken in.
      const reports = [{ rule: 'bot', why: `the bot cannot look into the room. ${error.message}` }];
      return { policy, snapshot: undefined, changes: [], repairs: [], reports };
    }
  }

  /** Nothing is done: what would be is told. */
  #wouldRepair(pass: Pass, { policy, repairs }: Seen): readonly Repair[] {
    for (const { change, by } of repairs) {
      const changedBy = otherThan(policy, by.userId);
      pass.reports.push({ rule: change.rule, why: `${inWords(change)} Only reported (dry run).`, changedBy });
    }
    return [];
  }

  /** What is not held back by a war, by refusals before, or by its pace. */
  #due(pass: Pass, { policy, repairs, snapshot }: Seen): readonly Repair[] {
    const power = powerIn(policy, snapshot);
    return repairs.filter(({ change, by }) => {
      const waitMs = change.rule === 'power-levels' ? 0 : this.#rate.waitMs;
      const held =
        waitMs > 0
          ? { until: this.#now() + waitMs, report: undefined }
          : pass.memory.hold(change, power, otherThan(policy, by.userId));
      if (held === undefined) {
        this.#rate.take();
        return true;
      }
      pass.lookAt = Math.min(pass.lookAt, held.until);
      if (held.report !== undefined) pass.reports.push(held.report);
      return false;
    });
  }

  /** Returns how many were done. The audit log has each before it is done, and how it ended. */
  async #apply(pass: Pass, { policy, snapshot }: Seen, repairs: readonly Repair[]): Promise<number> {
    if (repairs.length === 0) return 0;
    const { control, notices, log } = this.#parts;
    const { roomId } = pass.room;
    await this.#record(pass, repairs, 'room.repair-begun');
    const ended: ChangeOutcome[] = [];
    const lines: string[] = [];
    try {
      for (const { change, by } of repairs) {
        const outcome = await control.apply(roomId, change);
        ended.push(outcome);
        const changedBy = otherThan(policy, by.userId);
        if (outcome.outcome === 'applied') {
          pass.memory.succeeded(change);
          log.info('room.repaired', { roomId, code: change.rule, trace: pass.trace });
          if (changedBy !== undefined || change.kind === 'remove') lines.push(lineOf(change, changedBy));
          continue;
        }
        log.warn('room.not-repaired', { roomId, code: `${change.rule} ${outcome.outcome}`, trace: pass.trace });
        const report = { rule: change.rule, why: `${inWords(change)} ${outcome.problem}`, changedBy };
        const held = pass.memory.setBack(change, powerIn(policy, snapshot), outcome.outcome, report);
        pass.lookAt = Math.min(pass.lookAt, held.until);
        if (held.report !== undefined) pass.reports.push(held.report);
      }
    } finally {
      const outcomes = repairs.map((_, index) => ended[index] ?? INTERRUPTED);
      await this.#record(pass, repairs, 'room.repair', outcomes);
      // Where nothing is encrypted nothing is said; in a space nobody reads.
      if (snapshot?.state.has(ENCRYPTION)) notices.add(roomId, lines);
    }
    return ended.filter(({ outcome }) => outcome === 'applied').length;
  }

  async #record(
    { room, trace }: Pass,
    repairs: readonly Repair[],
    action: 'room.repair-begun' | 'room.repair',
    outcomes: readonly ChangeOutcome[] = [],
  ): Promise<void> {
    if (repairs.length === 0) return;
    const { audit, transactions } = this.#parts;
    await transactions.run(async () => {
      for (const [index, repair] of repairs.entries()) {
        await audit.append({
          ...entryOf(room, repair, trace),
          ...outcomeOf(outcomes[index], repair, room),
          action,
          id: `repair:${trace}:${index}:${action === 'room.repair' ? 'ended' : 'begun'}`,
        });
      }
    });
  }
}

/** A room as it was found. `snapshot` is undefined where it cannot be looked into. */
interface Seen {
  readonly policy: CarePolicy;
  readonly snapshot: RoomSnapshot | undefined;
  readonly changes: readonly RoomChange[];
  readonly repairs: readonly Repair[];
  readonly reports: readonly RoomReport[];
}

/** What became of those that were not reached, or whose answer was lost, when the homeserver went away. */
const INTERRUPTED: ChangeOutcome = {
  outcome: 'failed',
  problem: 'It was interrupted: the homeserver is away. The room will be checked again.',
};

const ENCRYPTION = stateId('m.room.encryption');

function entryOf(room: GovernedRoom, { change, by }: Repair, trace: string): Omit<AuditEntry, 'action' | 'outcome'> {
  const { userId, eventId } = by;
  return {
    actor: 'carebridge',
    cause: userId === undefined ? 'the policy of the room' : `changed by ${userId}`,
    target: 'userId' in change ? change.userId : room.opaqueId,
    roomId: room.roomId,
    ...(eventId !== undefined && { sourceEvent: eventId }),
    ...auditableChange(change),
    trace,
  };
}

function outcomeOf(
  ended: ChangeOutcome | undefined,
  { change, by }: Repair,
  room: GovernedRoom,
): Pick<AuditEntry, 'outcome' | 'details'> {
  return {
    outcome: ended === undefined || ended.outcome === 'applied' ? 'done' : 'failed',
    details: {
      rule: change.rule,
      change: change.kind,
      ...(change.kind === 'set-state' && { type: change.type }),
      why: change.why,
      room: room.opaqueId,
      ...(by.userId !== undefined && { changedBy: by.userId }),
      ...(ended !== undefined && { ended: ended.outcome }),
      ...(ended !== undefined && ended.outcome !== 'applied' && { problem: ended.problem }),
    },
  };
}

/** Whoever is not the bot: what it wrote itself is no drift. */
function otherThan({ namespace }: CarePolicy, user: UserId | undefined): UserId | undefined {
  return user === namespace.bot ? undefined : user;
}

/** What the bot's power rests on: when it is another, what was refused is tried again. */
function powerIn({ namespace: { bot } }: CarePolicy, snapshot: RoomSnapshot | undefined): string {
  if (snapshot === undefined) return '';
  return `${powerOf(snapshot, bot)} ${snapshot.state.get(stateId('m.room.power_levels'))?.eventId ?? ''}`;
}

function inWords(change: RoomChange): string {
  return change.kind === 'remove' ? `${change.userId} may not be in the room: ${change.why}` : change.why;
}

function lineOf(change: RoomChange, changedBy: UserId | undefined): string {
  const by = changedBy === undefined ? '' : ` (${changedBy})`;
  if (change.kind !== 'remove') return `${change.why}${by}`;
  return `${change.userId} was removed: ${change.why}${changedBy === change.userId ? '' : by}`;
}
