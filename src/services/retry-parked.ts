import { PermanentError } from '../errors.ts';
import { PARKED_KINDS, type ParkedKind, type ParkedRow } from '../model/parked.ts';
import { parsePhoneNumber, type Country } from '../model/phone-number.ts';
import type { InboxRow } from '../model/rows.ts';
import type { Violation } from '../model/violation.ts';
import { mayRetry, OUTCOME_UNKNOWN } from '../policy/may-retry.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { ParkedStores } from '../ports/parked-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Line, Lines } from './lines.ts';
import type { TellSender } from './tell-sender.ts';

/** What retrying needs. `wakeQueues` tells the queues that something is due. */
export interface RetryParkedParts {
  readonly parked: ParkedStores;
  readonly inbox: Pick<InboxStore, 'find' | 'giveLine'>;
  readonly outbox: Pick<OutboxStore, 'find' | 'isUnknown'>;
  readonly lines: Lines;
  readonly country: Country;
  readonly tell: TellSender;
  readonly transactions: Transactions;
  readonly wakeQueues: () => void;
}

/** Instead of a reference: everything. */
export const ALL_PARKED = 'all';

/** What a retry comes to. */
export interface Retried {
  readonly retried: readonly ParkedRow[];
  readonly refused: readonly { readonly row: ParkedRow; readonly violation: Violation }[];
}

/** What the rule needs to know of a row, and the line that a patient's text is to be given. */
interface Found {
  readonly hasLine: boolean;
  readonly isReadable: boolean;
  readonly give?: { readonly text: InboxRow; readonly line: Line };
}

/** So many rows are put back in one commit. */
const ROWS_AT_ONCE = 100;

/**
 * Puts what was given up back into its queue, in the order in which it came. A row is put back in one commit with its line, and then runs as any other:
 * whatever is repeated, its effect comes once.
 */
export class RetryParked {
  readonly #parts: RetryParkedParts;

  constructor(parts: RetryParkedParts) {
    this.#parts = parts;
  }

  /** What `run` would do with what has the reference, or with ALL_PARKED. */
  look(which: string): Promise<Retried> {
    return this.#each(which, async (rows, outcome) => {
      for (const row of rows) {
        const { violation } = await this.#judge(row, which);
        if (violation === undefined) outcome.retried.push(row);
        else outcome.refused.push({ row, violation });
      }
    });
  }

  /** Does it. Safe to repeat: it then finds what is still parked. */
  async run(which: string): Promise<Retried> {
    const now = Date.now();
    const { transactions, wakeQueues } = this.#parts;
    const outcome = await this.#each(which, (rows, done) =>
      transactions.run(async () => {
        for (const row of rows) {
          const { violation, found } = await this.#judge(row, which);
          if (violation !== undefined) done.refused.push({ row, violation });
          else if (await this.#retry(row, found, now)) done.retried.push(row);
        }
      }),
    );
    wakeQueues();
    return outcome;
  }

  /** Why nothing with the reference is parked. */
  async whyNothing(reference: string): Promise<string> {
    return (await this.#parts.outbox.isUnknown(reference))
      ? `Refused: ${OUTCOME_UNKNOWN.message}`
      : 'Nothing is parked under this reference: it is tried again already, was dropped, or was never given up.';
  }

  async #each(
    which: string,
    step: (rows: readonly ParkedRow[], outcome: Mutable<Retried>) => Promise<void>,
  ): Promise<Retried> {
    const outcome: Mutable<Retried> = { retried: [], refused: [] };
    for (const kind of PARKED_KINDS) {
      if (which === ALL_PARKED) for await (const rows of this.#all(kind)) await step(rows, outcome);
      else await step(await this.#parts.parked[kind].find(which), outcome);
    }
    return outcome;
  }

  async *#all(kind: ParkedKind): AsyncGenerator<readonly ParkedRow[]> {
    let after = 0;
    for (;;) {
      const rows = await this.#parts.parked[kind].list(after, ROWS_AT_ONCE);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      after = last.seq;
    }
  }

  async #judge(row: ParkedRow, which: string): Promise<{ found: Found; violation: Violation | undefined }> {
    const found = await this.#find(row);
    return { found, violation: mayRetry({ row, ...found, isNamed: which !== ALL_PARKED }) };
  }

  /** Of a patient's text without a line the content must be known: the number that it was sent to is in it. */
  async #find({ id, kind, lineId, keyword }: ParkedRow): Promise<Found> {
    const needsLine = kind === 'inbox' || (kind === 'keywords' && keyword !== 'stop');
    if (!needsLine || lineId !== undefined) return { hasLine: true, isReadable: true };
    try {
      const text = await this.#parts.inbox.find(id);
      const line = text && this.#lineOf(text);
      if (text === undefined || line === undefined) return { hasLine: false, isReadable: true };
      return { hasLine: true, isReadable: true, give: { text, line } };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      return { hasLine: false, isReadable: false };
    }
  }

  #lineOf({ carrier, to = '' }: InboxRow): Line | undefined {
    const { lines, country } = this.#parts;
    const number = parsePhoneNumber(to, country);
    return number && lines.findByNumber(carrier, number);
  }

  async #retry({ id, kind }: ParkedRow, { give }: Found, now: number): Promise<boolean> {
    const { parked, inbox, outbox, tell } = this.#parts;
    if (give !== undefined) await inbox.giveLine(give.text, give.line.id);
    if (!(await parked[kind].retry(id, now))) return false;
    const text = kind === 'outbox' ? await outbox.find(id) : undefined;
    if (text !== undefined) await tell.retried(text, now);
    return true;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
