import type { Logger } from '../log.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { TellSender } from './tell-sender.ts';

/**
 * At start: a text that a dead process left in `sending` may have left. It becomes `unknown`, is shown as such, and is not repeated. Returns
 * how many there were.
 */
export async function markInterrupted(parts: {
  readonly outbox: OutboxStore;
  readonly transactions: Transactions;
  readonly tell: TellSender;
  readonly log: Logger;
}): Promise<number> {
  const rows = await parts.outbox.findInterrupted();
  for (const row of rows) {
    await parts.transactions.run(async () => {
      if (await parts.outbox.advance(row.id, 'unknown')) await parts.tell.unknown(row);
    });
    parts.log.warn('sms.outcome-unknown', { trace: row.trace });
  }
  return rows.length;
}
