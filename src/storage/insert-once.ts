import type { CreationAttributes, Model, ModelStatic, Transaction } from 'sequelize';
import type { Bind, Database } from './database.ts';

/**
 * Inserts rows in one statement and leaves out those whose `unique` columns are already there; returns how many were inserted. Sequelize's own
 * `ignoreDuplicates` does not tell, and would hide other faults as well.
 */
export async function insertOnce<M extends Model>(
  database: Database,
  transaction: Transaction | null,
  model: ModelStatic<M>,
  unique: readonly (keyof CreationAttributes<M> & string)[],
  rows: readonly CreationAttributes<M>[],
): Promise<number> {
  const [first] = rows;
  if (first === undefined) return 0;
  const names = Object.keys(first);
  const bind: Bind[number][] = [];
  const tuples = rows.map((row) => {
    const values = names.map((name) => `$${bind.push((row as Record<string, Bind[number]>)[name] ?? null)}`);
    return `(${values.join(', ')})`;
  });
  const columns = names.map((name) => columnOf(model, name)).join(', ');
  const target = unique.map((name) => columnOf(model, name)).join(', ');
  const sql = `INSERT INTO ${tableOf(model)} (${columns}) VALUES ${tuples.join(', ')} ON CONFLICT (${target}) DO NOTHING`;
  return database.execute(transaction, sql, bind);
}

/** The name of the table behind a model. */
export function tableOf(model: ModelStatic<Model>): string {
  return model.getTableName() as string;
}

/** The name of the column behind an attribute. */
function columnOf(model: ModelStatic<Model>, attribute: string): string {
  return model.getAttributes()[attribute]?.field ?? attribute;
}

/** `t.carrier_message_id AS "carrierMessageId", ...`: a select list that gives rows the shape of the model. */
export function selectList(model: ModelStatic<Model>, alias: string): string {
  return Object.entries(model.getAttributes())
    .map(([attribute, { field }]) => `${alias}.${field ?? attribute} AS "${attribute}"`)
    .join(', ');
}
