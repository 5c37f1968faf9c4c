import type { Transaction } from 'sequelize';
import type { AddressId } from '../model/ids.ts';
import type { Database } from './database.ts';

/**
 * Holds an address until the transaction ends, so that whoever decides by the newest record of an address and adds another is not overtaken, by a STOP for
 * one. SQLite has one writer at a time anyhow.
 */
export async function lockAddress(
  database: Database,
  transaction: Transaction | null,
  addressId: AddressId,
): Promise<void> {
  if (transaction === null || database.dialect === 'sqlite') return;
  await database.select(transaction, 'SELECT 1 AS held FROM addresses WHERE id = $1 FOR NO KEY UPDATE', [addressId]);
}
