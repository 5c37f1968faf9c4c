import { UserError } from '../errors.ts';
import { PARKED_KINDS, type ParkedRow } from '../model/parked.ts';
import { mayDrop } from '../policy/may-drop.ts';
import type { ParkedStores } from '../ports/parked-store.ts';
import type { Transactions } from '../ports/transactions.ts';

/** What dropping needs. */
export interface DropParkedParts {
  readonly parked: ParkedStores;
  readonly transactions: Transactions;
}

/** Ends what was given up: from then on it is kept and wiped as anything that is done. */
export class DropParked {
  readonly #parts: DropParkedParts;

  constructor(parts: DropParkedParts) {
    this.#parts = parts;
  }

  /** What has the reference. Throws UserError where nothing has, or where it must not be dropped. */
  async look(reference: string): Promise<readonly ParkedRow[]> {
    const rows = await this.#find(reference);
    if (rows.length === 0) throw new UserError('Nothing is parked under this reference. Nothing was done.');
    const violation = rows.map(mayDrop).find((found) => found !== undefined);
    if (violation !== undefined) throw new UserError(`Refused: ${violation.message}`);
    return rows;
  }

  /** Drops what has the reference and may be dropped, in one commit, and returns what that was. Repeated, it finds nothing more. */
  run(reference: string): Promise<readonly ParkedRow[]> {
    const { parked, transactions } = this.#parts;
    return transactions.run(async () => {
      const rows = (await this.#find(reference)).filter((row) => mayDrop(row) === undefined);
      for (const { id, kind } of rows) await parked[kind].drop(id, Date.now());
      return rows;
    });
  }

  async #find(reference: string): Promise<readonly ParkedRow[]> {
    const found: ParkedRow[] = [];
    for (const kind of PARKED_KINDS) found.push(...(await this.#parts.parked[kind].find(reference)));
    return found;
  }
}
