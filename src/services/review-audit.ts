import type { ListedAction } from '../model/audit-action.ts';
import { newOpaqueId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import { auditItem, type AuditItem } from './audit-item.ts';

/** What happened in a period, for the activity review (45 CFR 164.308(a)(1)(ii)(D), F4). */
export interface ActivityReport {
  /** Unix ms; `from` belongs to the period, `to` does not. */
  readonly from: number;
  readonly to: number;
  readonly entries: number;
  readonly byAction: ReadonlyMap<string, number>;
  readonly byActor: ReadonlyMap<string, number>;
  readonly byOutcome: ReadonlyMap<string, number>;
  /** The newest of each, at most `LISTED`; `counts` has how many there were. */
  readonly refused: readonly AuditItem[];
  readonly emergencies: readonly AuditItem[];
  readonly exports: readonly AuditItem[];
  readonly counts: { readonly refused: number; readonly emergencies: number; readonly exports: number };
  /** The newest review that covers the whole period. */
  readonly lastReview: { readonly by: string; readonly at: string } | undefined;
}

/** Entries of each list that are shown. */
const LISTED = 100;

const PAGE = 1_000;
/** Actors in the report; a stranger could otherwise fill it with names. */
const MAX_ACTORS = 10_000;

/** Of the log, and of what was said with patients. */
const EXPORTS: ReadonlySet<string> = new Set<ListedAction>(['audit.export', 'archive.export']);

/** What it is made of. */
export interface ReviewAuditParts {
  readonly log: AuditLog;
  readonly trail: AuditTrail;
}

/** Makes the activity report, and records that somebody reviewed it. */
export class ReviewAudit {
  readonly #parts: ReviewAuditParts;

  constructor(parts: ReviewAuditParts) {
    this.#parts = parts;
  }

  /** Writes down that `by` read the log (F3), then reads it. */
  async report(
    from: number,
    to: number,
    by: UserId,
    details: Readonly<Record<string, unknown>>,
  ): Promise<ActivityReport> {
    await this.#append('audit.report', by, { ...details, from, to });
    const { trail } = this.#parts;
    const actions = new Counts();
    const actors = new Counts(MAX_ACTORS);
    const outcomes = new Counts();
    const [refused, emergencies, exports] = [new Newest(), new Newest(), new Newest()];
    let entries = 0;
    for (let last = 0; ;) {
      const page = await trail.rows(last, PAGE, { from, to });
      for (const row of page) {
        entries++;
        actions.add(row.action);
        actors.add(row.actor);
        outcomes.add(row.outcome);
        const item = () => auditItem(row, trail.open(row));
        if (row.outcome === 'refused') refused.add(item);
        if (/^(break-glass|emergency)\b/.test(row.action)) emergencies.add(item);
        if (EXPORTS.has(row.action)) exports.add(item);
      }
      last = page.at(-1)?.seq ?? last;
      if (page.length < PAGE) break;
    }
    return {
      from,
      to,
      entries,
      byAction: actions.sorted(),
      byActor: actors.sorted(),
      byOutcome: outcomes.sorted(),
      refused: refused.items,
      emergencies: emergencies.items,
      exports: exports.items,
      counts: { refused: refused.count, emergencies: emergencies.count, exports: exports.count },
      lastReview: await this.#lastReview(from, to),
    };
  }

  /** Records that `by` reviewed what `report` says (F4). `words`: what came of it. */
  async record(report: ActivityReport, by: UserId, words: string | undefined): Promise<void> {
    const { from, to, entries, counts } = report;
    await this.#append('audit.review', by, { from, to, entries, ...counts }, words);
  }

  async #lastReview(from: number, to: number): Promise<ActivityReport['lastReview']> {
    const { trail } = this.#parts;
    let found: ActivityReport['lastReview'];
    for (let last = 0; ;) {
      const page = await trail.rows(last, PAGE, { action: 'audit.review' });
      for (const row of page) {
        const details = trail.open(row).details as { from?: unknown; to?: unknown } | undefined;
        if (Number(details?.from) <= from && Number(details?.to) >= to)
          found = { by: row.actor, at: new Date(row.at).toISOString() };
      }
      last = page.at(-1)?.seq ?? last;
      if (page.length < PAGE) return found;
    }
  }

  async #append(action: ListedAction, actor: UserId, details: unknown, reason?: string): Promise<void> {
    const trace = newOpaqueId();
    const entry = { id: `${action}:${trace}`, action, actor, outcome: 'done', details, trace } as const;
    await this.#parts.log.append({ ...entry, ...(reason !== undefined && { reason }) });
  }
}

/** How often each word came, the most frequent first. Beyond `limit` words, new ones are counted as `(others)`. */
class Counts {
  readonly #counts = new Map<string, number>();
  readonly #limit: number;

  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  add(word: string): void {
    const key = this.#counts.has(word) || this.#counts.size < this.#limit ? word : '(others)';
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  sorted(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
  }
}

/** The newest `LISTED` of any number; each is made when it is added and dropped when newer ones push it out. */
class Newest {
  count = 0;
  readonly items: AuditItem[] = [];

  add(make: () => AuditItem): void {
    this.count++;
    this.items.push(make());
    if (this.items.length > LISTED) this.items.shift();
  }
}
