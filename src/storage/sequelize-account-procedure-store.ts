import type { InferAttributes } from 'sequelize';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { AccountProcedure, AccountProcedureStore, ProcedureStep } from '../ports/account-procedure-store.ts';
import { insertOnce } from './insert-once.ts';
import {
  accountProcedureModel,
  accountProcedureStepModel,
  type AccountProcedureModel,
} from './models/account-models.ts';
import type { StorageParts } from './storage-parts.ts';

/** The tables of procedures and their steps. */
export class SequelizeAccountProcedureStore implements AccountProcedureStore {
  readonly #parts: StorageParts;
  readonly #procedures: ReturnType<typeof accountProcedureModel>;
  readonly #steps: ReturnType<typeof accountProcedureStepModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#procedures = accountProcedureModel(parts.database.sequelize);
    this.#steps = accountProcedureStepModel(parts.database.sequelize);
  }

  async begin({ successor, ...procedure }: AccountProcedure): Promise<boolean> {
    const { database } = this.#parts;
    const row = { ...procedure, successor: successor ?? null, finishedAt: null };
    return (
      (await database.write((transaction) => insertOnce(database, transaction, this.#procedures, ['id'], [row]))) > 0
    );
  }

  async has(id: string): Promise<boolean> {
    return this.#parts.database.read(
      async (transaction) => (await this.#procedures.count({ where: { id }, transaction })) > 0,
    );
  }

  async unfinished(): Promise<readonly AccountProcedure[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#procedures.findAll({ where: { finishedAt: null }, order: ['seq'], raw: true, transaction }),
    );
    return records.map(toProcedure);
  }

  async steps(id: string): Promise<readonly ProcedureStep[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#steps.findAll({ where: { procedureId: id }, order: ['seq'], raw: true, transaction }),
    );
    return records.map(({ step, outcome, words, at }) => ({
      step,
      outcome: outcome as ProcedureStep['outcome'],
      text: words,
      at: Number(at),
    }));
  }

  async addStep(id: string, { text, ...step }: ProcedureStep): Promise<boolean> {
    const { database } = this.#parts;
    const row = { procedureId: id, ...step, words: text };
    const unique = ['procedureId', 'step'] as const;
    return (await database.write((transaction) => insertOnce(database, transaction, this.#steps, unique, [row]))) > 0;
  }

  async noteWaiting(id: string, since: number): Promise<void> {
    const { database } = this.#parts;
    const sql = 'UPDATE account_procedures SET waits_since = $2 WHERE id = $1 AND waits_since IS NULL';
    await database.write((transaction) => database.execute(transaction, sql, [id, since]));
  }

  async finish(id: string, at: number): Promise<boolean> {
    const { database } = this.#parts;
    const sql = 'UPDATE account_procedures SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL';
    return (await database.write((transaction) => database.execute(transaction, sql, [id, at]))) > 0;
  }
}

function toProcedure(record: InferAttributes<AccountProcedureModel>): AccountProcedure {
  return {
    id: record.id,
    kind: record.kind as AccountProcedure['kind'],
    userId: record.userId as UserId,
    successor: (record.successor ?? undefined) as UserId | undefined,
    askedBy: record.askedBy as UserId,
    roomId: record.roomId as RoomId,
    eventId: record.eventId as EventId,
    trace: record.trace,
    startedAt: Number(record.startedAt),
    ...(record.waitsSince !== null && { waitsSince: Number(record.waitsSince) }),
  };
}
