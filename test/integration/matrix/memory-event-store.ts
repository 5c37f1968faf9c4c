import type { MatrixEvent } from '../../../src/model/rows.ts';
import type { MatrixEventStore } from '../../../src/ports/matrix-event-store.ts';

/** Transactions in memory, committed after a turn of the event loop, as a database would. */
export class MemoryEventStore implements Pick<MatrixEventStore, 'addTransaction'> {
  readonly transactions = new Set<string>();
  readonly events: MatrixEvent[] = [];
  /** Thrown by the next calls. */
  fault: Error | undefined;

  async addTransaction(txnId: string, events: readonly MatrixEvent[]): Promise<boolean> {
    await new Promise(setImmediate);
    if (this.fault) throw this.fault;
    if (this.transactions.has(txnId)) return false;
    this.transactions.add(txnId);
    const known = new Set(this.events.map((event) => event.event_id));
    this.events.push(...events.filter((event) => !known.has(event.event_id)));
    return true;
  }
}
