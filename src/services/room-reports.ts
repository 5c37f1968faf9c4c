/** What people must put right themselves: told once, remembered, and taken back when it is right. */
import type { Logger } from '../log.ts';
import { newOpaqueId, type RoomId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { steadyNow } from './steady-clock.ts';
import type { TellSecurity } from './tell-security.ts';

/** Something that the bot cannot put right, in PHI-free words that stay the same as long as it does. */
export interface RoomReport {
  readonly rule: string;
  readonly why: string;
  readonly changedBy?: UserId | undefined;
}

/** What reporting needs. */
export interface RoomReportsParts {
  readonly settings: SettingsStore;
  readonly security: Pick<TellSecurity, 'tell'>;
  readonly audit: AuditLog;
  readonly transactions: Transactions;
  readonly log: Logger;
  /** How long what comes together is collected, ms. */
  readonly delayMs?: number;
  /** After something was said, the next is not said before, ms. */
  readonly gapMs?: number;
}

const DELAY_MS = 2_000;
const GAP_MS = 30_000;
const RETRY_MS = 10_000;
/** Rooms whose reports are committed together: thousands at once would keep patients' texts waiting. */
const ROOMS_AT_ONCE = 100;
/** What a person reads on a phone. */
const MOST_LINES = 20;
const MOST_ROOMS = 5;
const MOST_IN_ROOM = 50;

type Known = ReadonlyMap<string, RoomReport>;
const NONE: Known = new Map();

/** Collects the reports of all rooms and tells security what is new and what is over, once. */
export class RoomReports implements AsyncDisposable {
  readonly #parts: RoomReportsParts;
  /** What people were told, as the database has it. */
  readonly #told = new Map<RoomId, Known>();
  /** Rooms whose reports are other ones now. */
  readonly #pending = new Map<RoomId, Known>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #saidAt = 0;
  #isClosed = false;

  constructor(parts: RoomReportsParts) {
    this.#parts = parts;
  }

  /** These are all the reports of the room now. Costs nothing while they stay the same. */
  async set(roomId: RoomId, reports: readonly RoomReport[]): Promise<void> {
    const now: Known = new Map(reports.slice(0, MOST_IN_ROOM).map((report) => [keyOf(report), report]));
    const told = await this.#toldOf(roomId);
    if (isSame(now, told)) this.#pending.delete(roomId);
    else {
      this.#pending.set(roomId, now);
      this.#plan(Math.max(this.#parts.delayMs ?? DELAY_MS, this.#saidAt + (this.#parts.gapMs ?? GAP_MS) - steadyNow()));
    }
  }

  /** What people were told of the room and is still so, for `room show`. */
  async of(roomId: RoomId): Promise<readonly RoomReport[]> {
    return [...(this.#pending.get(roomId) ?? (await this.#toldOf(roomId))).values()];
  }

  /** Tells what waits now. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#tell()).catch((error: unknown) => this.#failed(error));
    return this.#flushing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  #plan(waitMs: number): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.flush(), waitMs);
  }

  /** Nothing is forgotten: it waits, and after a restart the next sweep finds it again. */
  #failed(error: unknown): void {
    this.#parts.log.warn('room-reports.not-told', { error });
    this.#plan(RETRY_MS);
  }

  async #tell(): Promise<void> {
    const pending = [...this.#pending];
    if (pending.length === 0) return;
    const found: Found[] = [];
    for (const [roomId, now] of pending) found.push({ roomId, ...difference(await this.#toldOf(roomId), now), now });
    const trace = newOpaqueId(8);
    const { transactions, security, settings, audit } = this.#parts;
    for (let from = 0; from < found.length; from += ROOMS_AT_ONCE) {
      const part = found.slice(from, from + ROOMS_AT_ONCE);
      await transactions.run(async () => {
        // With the first: if the process dies before the rest is marked, people are told twice and not too little.
        if (from === 0) await security.tell(inWords(found), { cause: `room-reports:${trace}`, trace });
        for (const { roomId, fresh, over, now } of part) {
          if (now.size === 0) await settings.remove(settingOf(roomId));
          else await settings.set(settingOf(roomId), JSON.stringify([...now.values()]));
          const entries = [
            ...fresh.map(auditOf(roomId, 'room.report')),
            ...over.map(auditOf(roomId, 'room.report-over')),
          ];
          for (const [index, entry] of entries.entries()) {
            await audit.append({ ...entry, id: `report:${trace}:${roomId}:${index}`, trace });
          }
        }
      });
      for (const { roomId, now } of part) {
        this.#told.set(roomId, now);
        if (this.#pending.get(roomId) === now) this.#pending.delete(roomId);
      }
    }
    this.#saidAt = steadyNow();
    if (this.#pending.size > 0) this.#plan(this.#parts.gapMs ?? GAP_MS);
  }

  async #toldOf(roomId: RoomId): Promise<Known> {
    const known = this.#told.get(roomId);
    if (known !== undefined) return known;
    const written = await this.#parts.settings.get(settingOf(roomId));
    const reports = written === undefined ? NONE : new Map(read(written).map((report) => [keyOf(report), report]));
    this.#told.set(roomId, reports);
    return reports;
  }
}

interface Found {
  readonly roomId: RoomId;
  readonly fresh: readonly RoomReport[];
  readonly over: readonly RoomReport[];
  readonly now: Known;
}

function difference(told: Known, now: Known): Pick<Found, 'fresh' | 'over'> {
  const missingIn = (these: Known, others: Known) =>
    [...these].flatMap(([key, report]) => (others.has(key) ? [] : [report]));
  return { fresh: missingIn(now, told), over: missingIn(told, now) };
}

function inWords(found: readonly Found[]): string {
  const fresh = grouped(found.flatMap(({ roomId, fresh: reports }) => reports.map((report) => ({ roomId, report }))));
  const over = grouped(found.flatMap(({ roomId, over: reports }) => reports.map((report) => ({ roomId, report }))));
  return [
    ...(fresh.length > 0 ? ['Rooms that differ from the policy and need a person:', ...fresh] : []),
    ...(over.length > 0 ? ['Resolved:', ...over] : []),
  ].join('\n');
}

/** The same thing in many rooms is one line. */
function grouped(reports: readonly { readonly roomId: RoomId; readonly report: RoomReport }[]): string[] {
  const groups = new Map<string, { report: RoomReport; rooms: RoomId[] }>();
  for (const { roomId, report } of reports) {
    const key = `${keyOf(report)}\n${report.changedBy ?? ''}`;
    const group = groups.get(key) ?? { report, rooms: [] };
    groups.set(key, group);
    group.rooms.push(roomId);
  }
  const lines = [...groups.values()].map(({ report: { rule, why, changedBy }, rooms }) => {
    const by = changedBy === undefined ? '' : ` Changed by ${changedBy}.`;
    const more = rooms.length > MOST_ROOMS ? ` and ${rooms.length - MOST_ROOMS} more` : '';
    return `- ${rule}: ${why}${by} In ${rooms.slice(0, MOST_ROOMS).join(', ')}${more}`;
  });
  const rest = lines.length - MOST_LINES;
  return rest > 0 ? [...lines.slice(0, MOST_LINES), `- and ${rest} more`] : lines;
}

function auditOf(roomId: RoomId, action: 'room.report' | 'room.report-over') {
  return ({ rule, why, changedBy }: RoomReport) => ({
    action,
    actor: 'carebridge' as const,
    outcome: action === 'room.report' ? ('failed' as const) : ('done' as const),
    roomId,
    cause: changedBy === undefined ? 'the policy of the room' : `changed by ${changedBy}`,
    details: { rule, why, ...(changedBy !== undefined && { changedBy }) },
  });
}

function keyOf({ rule, why }: RoomReport): string {
  return `${rule}\n${why}`;
}

function settingOf(roomId: RoomId): string {
  return `room-reports:${roomId}`;
}

function isSame(one: Known, other: Known): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key));
}

/** What an older version wrote may look otherwise: then people are told anew. */
function read(written: string): RoomReport[] {
  try {
    const value: unknown = JSON.parse(written);
    return Array.isArray(value) ? value.filter(isReport) : [];
  } catch {
    return [];
  }
}

function isReport(value: unknown): value is RoomReport {
  const { rule, why } = (value ?? {}) as { rule?: unknown; why?: unknown };
  return typeof rule === 'string' && typeof why === 'string';
}
