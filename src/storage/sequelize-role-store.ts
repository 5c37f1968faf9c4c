import type { InferAttributes, Transaction, WhereOptions } from 'sequelize';
import { Op } from 'sequelize';
import type { UserId } from '../model/ids.ts';
import type { RoleAssignment, RoleId, RoleSource } from '../model/role.ts';
import type { RoleStore } from '../ports/role-store.ts';
import { roleAssignmentModel, type RoleAssignmentModel } from './models/role-assignment-model.ts';
import type { StorageParts } from './storage-parts.ts';
import { TableCache } from './table-cache.ts';

type Given = Parameters<RoleStore['give']>[0];
type Taken = Parameters<RoleStore['take']>[0];

/** The table of roles given, with those in effect in memory. */
export class SequelizeRoleStore implements RoleStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof roleAssignmentModel>;
  readonly #current: TableCache<readonly RoleAssignment[]>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = roleAssignmentModel(parts.database.sequelize);
    this.#current = new TableCache(parts.database, (transaction) => this.#find(transaction, { until: null }));
  }

  current(): Promise<readonly RoleAssignment[]> {
    return this.#current.get();
  }

  reread(): Promise<boolean> {
    return this.#current.reread();
  }

  asOf(at: number): Promise<readonly RoleAssignment[]> {
    const where = { since: { [Op.lte]: at }, until: { [Op.or]: [null, { [Op.gt]: at }] } };
    return this.#parts.database.read((transaction) => this.#find(transaction, where));
  }

  history(userId: UserId): Promise<readonly RoleAssignment[]> {
    return this.#parts.database.read((transaction) => this.#find(transaction, { userId }));
  }

  async give({ userId, roleId, source, givenBy, at }: Given): Promise<boolean> {
    const sql = `INSERT INTO role_assignments (user_id, role_id, source, since, given_by) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (user_id, role_id, source) WHERE until IS NULL DO NOTHING`;
    return this.#change(sql, [userId, roleId, source, at, givenBy]);
  }

  async take({ userId, roleId, source, takenBy, at }: Taken): Promise<boolean> {
    const sql = `UPDATE role_assignments SET until = CASE WHEN since > $4 THEN since ELSE $4 END, taken_by = $5
      WHERE user_id = $1 AND role_id = $2 AND source = $3 AND until IS NULL`;
    return this.#change(sql, [userId, roleId, source, at, takenBy]);
  }

  async #change(sql: string, bind: readonly (string | number)[]): Promise<boolean> {
    const { database } = this.#parts;
    const changed = await this.#current.change((transaction) => database.execute(transaction, sql, bind));
    return changed > 0;
  }

  async #find(transaction: Transaction | null, where: WhereOptions): Promise<RoleAssignment[]> {
    const records = await this.#model.findAll({ where, order: ['seq'], raw: true, transaction });
    return records.map(toAssignment);
  }
}

function toAssignment(record: InferAttributes<RoleAssignmentModel>): RoleAssignment {
  return {
    userId: record.userId as UserId,
    roleId: record.roleId as RoleId,
    source: record.source as RoleSource,
    since: Number(record.since),
    until: record.until === null ? undefined : Number(record.until),
    givenBy: record.givenBy,
  };
}
