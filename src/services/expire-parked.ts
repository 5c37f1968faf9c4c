import type { ParkedKind, ParkedRow } from '../model/parked.ts';
import { mayDrop } from '../policy/may-drop.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { ParkedStores } from '../ports/parked-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Notifier } from './notifier.ts';

/** What ending what is parked too long needs. */
export interface ExpireParkedParts {
  readonly parked: ParkedStores;
  readonly audit: AuditLog;
  readonly notifier: Pick<Notifier, 'tellAdmins'>;
  readonly transactions: Transactions;
  /** How long a text is kept that nobody retried or dropped, ms. */
  readonly keepParkedMs: number;
  readonly prefix: string;
}

/** Texts; what else is parked goes with the sweep. */
const KINDS: readonly ParkedKind[] = ['inbox', 'keywords', 'outbox'];
const DAY_MS = 86_400_000;
/** So long before its end, or half its time where that is shorter, people are told. */
const WARN_BEFORE_MS = 7 * DAY_MS;
const ROWS_AT_ONCE = 100;

/** Ends parked texts that nobody dealt with in time, but for a STOP that was not acted on. People are told before and after; each end is audited. */
export class ExpireParked {
  readonly #parts: ExpireParkedParts;
  #warnedOn: number | undefined;

  constructor(parts: ExpireParkedParts) {
    this.#parts = parts;
  }

  /** To be called now and then. `now` is Unix ms. */
  async run(now: number): Promise<void> {
    const { keepParkedMs, transactions } = this.#parts;
    for await (const rows of this.#parkedUntil(now - keepParkedMs)) await transactions.run(() => this.#drop(rows, now));
    const day = Math.floor(now / DAY_MS);
    if (this.#warnedOn === day) return;
    await this.#warn(now - keepParkedMs + Math.min(WARN_BEFORE_MS, keepParkedMs / 2), day);
    this.#warnedOn = day;
  }

  /** What was given up by then and may be dropped, of one queue at a time. */
  async *#parkedUntil(until: number): AsyncGenerator<readonly ParkedRow[]> {
    for (const kind of KINDS) {
      let after = 0;
      for (;;) {
        const rows = await this.#parts.parked[kind].list(after, ROWS_AT_ONCE, until);
        const last = rows.at(-1);
        if (last === undefined) break;
        yield rows.filter((row) => mayDrop(row) === undefined);
        after = last.seq;
      }
    }
  }

  async #drop(rows: readonly ParkedRow[], now: number): Promise<void> {
    const { parked, audit, notifier } = this.#parts;
    const [first] = rows;
    if (first === undefined) return;
    for (const { id, kind, reference, code, parkedAt } of rows) {
      if (!(await parked[kind].drop(id, now))) continue;
      await audit.append({
        id: `parked.expire:${kind}:${id}:${parkedAt}`,
        action: 'parked.expire',
        actor: 'carebridge',
        outcome: 'done',
        cause: 'retention.keep_parked',
        trace: reference,
        before: { kind, code, parkedAt },
      });
    }
    await notifier.tellAdmins(
      `Parked texts that were dropped, since nobody retried or dropped them within \`retention.keep_parked\`: ${rows.length}. The audit log has each as \`parked.expire\`.`,
      { cause: `parked-expired:${first.kind}:${first.id}:${first.parkedAt}` },
    );
  }

  async #warn(until: number, day: number): Promise<void> {
    const { notifier, prefix } = this.#parts;
    const references = new Set<string>();
    for await (const rows of this.#parkedUntil(until)) for (const { reference } of rows) references.add(reference);
    if (references.size === 0) return;
    const text = `Parked texts that are dropped within a week (\`retention.keep_parked\`): ${references.size}. See \`${prefix} parked\`, and retry or drop them.`;
    await notifier.tellAdmins(text, { cause: `parked-expiring:${day}` });
  }
}
