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

  constructor(parts: ExpireParkedParts) {
    this.#parts = parts;
  }

  /** To be called now and then. `now` is Unix ms. */
  async run(now: number): Promise<void> {
    const { keepParkedMs } = this.#parts;
    for (const kind of KINDS) await this.#end(kind, now - keepParkedMs, now);
    const warned = now - keepParkedMs + Math.min(WARN_BEFORE_MS, keepParkedMs / 2);
    let count = 0;
    for (const kind of KINDS) count += await this.#parts.parked[kind].count(warned);
    if (count > 0) await this.#warn(count, now);
  }

  async #end(kind: ParkedKind, parkedUntil: number, now: number): Promise<void> {
    let after = 0;
    for (;;) {
      const rows = await this.#parts.parked[kind].list(after, ROWS_AT_ONCE, parkedUntil);
      const last = rows.at(-1);
      if (last === undefined) return;
      const over = rows.filter((row) => mayDrop(row) === undefined);
      if (over.length > 0) await this.#parts.transactions.run(() => this.#drop(over, now));
      after = last.seq;
    }
  }

  async #drop(rows: readonly ParkedRow[], now: number): Promise<void> {
    const { parked, audit, notifier } = this.#parts;
    for (const { id, kind, reference, code, parkedAt } of rows) {
      if (!(await parked[kind].drop(id, now))) continue;
      await audit.append({
        ...{ id: `parked.expire:${kind}:${id}:${parkedAt}`, action: 'parked.expire', actor: 'carebridge' },
        ...{ outcome: 'done', cause: 'retention.keep_parked', trace: reference, before: { kind, code, parkedAt } },
      });
    }
    const [first] = rows;
    await notifier.tellAdmins(
      `Parked texts that were dropped, since nobody retried or dropped them within \`retention.keep_parked\`: ${rows.length}. The audit log has each as \`parked.expire\`.`,
      { cause: `parked-expired:${first?.kind}:${first?.id}:${first?.parkedAt}` },
    );
  }

  async #warn(count: number, now: number): Promise<void> {
    const { notifier, prefix } = this.#parts;
    const text = `Parked texts that are dropped within a week (\`retention.keep_parked\`): ${count}. See \`${prefix} parked\`, and retry or drop them.`;
    await notifier.tellAdmins(text, { cause: `parked-expiring:${Math.floor(now / DAY_MS)}` });
  }
}
