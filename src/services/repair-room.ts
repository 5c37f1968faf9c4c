import type { Logger } from '../log.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import { newOpaqueId, type RoomId } from '../model/ids.ts';
import type { ChangeOutcome } from '../model/room-change.ts';
import type { WarLimits } from '../policy/war.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { lookAtRoom, type Repair, type SeenRoom } from './look-at-room.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import { RateLimit, type RateLimits } from './rate-limit.ts';
import { RepairAudit, type RepairAuditParts } from './repair-audit.ts';
import { inWords, lineOf } from './repair-in-words.ts';
import { RepairMemory, type Held } from './repair-memory.ts';
import type { RepairNotices } from './repair-notices.ts';
import type { RoomReport, RoomReports } from './room-reports.ts';
import { steadyNow } from './steady-clock.ts';

/** What repairing needs. */
export interface RepairRoomParts extends RepairAuditParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find'>;
  readonly control: Pick<RoomControl, 'snapshot' | 'refresh' | 'apply'>;
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

/** One turn of putting a room right, and what comes of it. */
interface Turn {
  readonly room: GovernedRoom;
  readonly memory: RepairMemory;
  readonly trace: string;
  readonly reports: RoomReport[];
  /** Unix ms at which to look again. */
  lookAt: number;
}

/** Puts one room right. Safe to be killed at any point: whoever looks next finds what is left to do. */
export class RepairRoom {
  readonly #parts: RepairRoomParts;
  readonly #now: () => number;
  readonly #rate: RateLimit;
  readonly #audit: RepairAudit;
  readonly #memories = new Map<RoomId, RepairMemory>();

  constructor(parts: RepairRoomParts) {
    this.#parts = parts;
    this.#now = parts.now ?? steadyNow;
    this.#rate = new RateLimit(parts.rate ?? ALL_ROOMS_RATE, this.#now);
    this.#audit = new RepairAudit(parts);
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
    let seen = await lookAtRoom(inEffect, room, () => control.snapshot(roomId));
    if (isUnannounced && seen.repairs.length > 0) {
      seen = await lookAtRoom(inEffect, room, () => control.refresh(roomId));
    }
    const { lookAt, found } = await this.#turns(inEffect, room, seen);
    await reports.set(roomId, found);
    return Number.isFinite(lookAt) ? lookAt : undefined;
  }

  async #turns(
    policy: CarePolicy,
    room: GovernedRoom,
    first: SeenRoom,
  ): Promise<{ lookAt: number; found: readonly RoomReport[] }> {
    const { control, war, isDryRun } = this.#parts;
    const memory = this.#memories.get(room.roomId) ?? new RepairMemory(war, this.#now);
    this.#memories.set(room.roomId, memory);
    const trace = newOpaqueId(8);
    let seen = first;
    let held: RoomReport[] = [];
    let lookAt = Infinity;
    for (let count = 0; count < MAX_TURNS; count++) {
      const turn: Turn = { room, memory, trace: `${trace}${count}`, reports: [], lookAt: Infinity };
      const repairs = isDryRun ? wouldRepair(turn, seen) : this.#due(turn, seen);
      const applied = await this.#apply(turn, seen, repairs);
      ({ reports: held, lookAt } = turn);
      if (applied === 0) break;
      seen = await lookAtRoom(policy, room, () => control.snapshot(room.roomId));
    }
    memory.prune(seen.repairs.map(({ change }) => change));
    if (memory.isEmpty) this.#memories.delete(room.roomId);
    return { lookAt, found: [...seen.reports, ...held] };
  }

  /** What is not held back by a war, by refusals before, or by its pace. */
  #due(turn: Turn, { repairs, power }: SeenRoom): readonly Repair[] {
    return repairs.filter(({ change, changedBy }) => {
      const waitMs = change.rule === 'power-levels' ? 0 : this.#rate.waitMs;
      const held =
        waitMs > 0 ? { until: this.#now() + waitMs, report: undefined } : turn.memory.hold(change, power, changedBy);
      if (held === undefined) this.#rate.take();
      else hold(turn, held);
      return held === undefined;
    });
  }

  /** Returns how many were done. The audit log has each before it is done, and how it ended. */
  async #apply(turn: Turn, { power, isEncrypted }: SeenRoom, repairs: readonly Repair[]): Promise<number> {
    if (repairs.length === 0) return 0;
    const { control, notices } = this.#parts;
    const { room, trace } = turn;
    const batch = { room, trace, repairs };
    await this.#audit.begun(batch);
    const ended: ChangeOutcome[] = [];
    const lines: string[] = [];
    try {
      for (const repair of repairs) {
        const outcome = await control.apply(room.roomId, repair.change);
        ended.push(outcome);
        this.#remember(turn, repair, power, outcome);
        const line = outcome.outcome === 'applied' ? lineOf(repair) : undefined;
        if (line !== undefined) lines.push(line);
      }
    } finally {
      await this.#audit.ended(batch, ended);
      // Where nothing is encrypted nothing is said; in a space nobody reads.
      if (isEncrypted) notices.add(room.roomId, lines);
    }
    return ended.filter(({ outcome }) => outcome === 'applied').length;
  }

  #remember(turn: Turn, { change, changedBy }: Repair, power: string, ended: ChangeOutcome): void {
    const { log } = this.#parts;
    const { memory, trace } = turn;
    const { roomId } = turn.room;
    if (ended.outcome === 'applied') {
      memory.succeeded(change);
      log.info('room.repaired', { roomId, code: change.rule, trace });
      return;
    }
    log.warn('room.not-repaired', { roomId, code: `${change.rule} ${ended.outcome}`, trace });
    const report = { rule: change.rule, why: `${inWords(change)} ${ended.problem}`, changedBy };
    hold(turn, memory.setBack(change, power, ended.outcome, report));
  }
}

/** What must wait is looked at again, and told meanwhile. */
function hold(turn: Turn, { until, report }: Held): void {
  turn.lookAt = Math.min(turn.lookAt, until);
  if (report !== undefined) turn.reports.push(report);
}

/** Nothing is done: what would be is told. */
function wouldRepair(turn: Turn, { repairs }: SeenRoom): readonly Repair[] {
  for (const { change, changedBy } of repairs) {
    turn.reports.push({ rule: change.rule, why: `${inWords(change)} Only reported (dry run).`, changedBy });
  }
  return [];
}
