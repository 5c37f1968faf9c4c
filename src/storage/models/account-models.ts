import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { flag, id, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `account_procedures`: unfinished while `finished_at` is null. */
export class AccountProcedureModel extends Model<
  InferAttributes<AccountProcedureModel>,
  InferCreationAttributes<AccountProcedureModel>
> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare kind: string;
  declare userId: string;
  declare successor: CreationOptional<string | null>;
  declare askedBy: string;
  declare roomId: string;
  declare eventId: string;
  declare trace: string;
  declare startedAt: Time;
  declare waitsSince: CreationOptional<Time | null>;
  declare finishedAt: CreationOptional<Time | null>;
}

/** A row of `account_procedure_steps`. */
export class AccountProcedureStepModel extends Model<
  InferAttributes<AccountProcedureStepModel>,
  InferCreationAttributes<AccountProcedureStepModel>
> {
  declare seq: CreationOptional<Time>;
  declare procedureId: string;
  declare step: string;
  declare outcome: string;
  declare words: string;
  declare at: Time;
}

/** A row of `account_states`. */
export class AccountStateModel extends Model<
  InferAttributes<AccountStateModel>,
  InferCreationAttributes<AccountStateModel>
> {
  declare userId: string;
  declare wasLocked: boolean;
  declare wasSuspended: boolean;
  declare absence: string;
  declare successor: CreationOptional<string | null>;
  declare changedBy: string;
  declare changedAt: Time;
}

/** A row of `watched_devices`. `networks` and `told` are JSON. */
export class WatchedDeviceModel extends Model<
  InferAttributes<WatchedDeviceModel>,
  InferCreationAttributes<WatchedDeviceModel>
> {
  declare seq: CreationOptional<Time>;
  declare userId: string;
  declare deviceId: string;
  declare firstSeenAt: Time;
  declare networks: string;
  declare told: string;
}

/** `AccountProcedureModel` on this connection. */
export function accountProcedureModel(sequelize: Sequelize) {
  return bindModel(
    AccountProcedureModel,
    'account_procedures',
    {
      seq,
      id: text,
      kind: text,
      userId: text,
      successor: optionalText,
      askedBy: text,
      roomId: text,
      eventId: text,
      trace: text,
      startedAt: time,
      waitsSince: optionalTime,
      finishedAt: optionalTime,
    },
    sequelize,
  );
}

/** `AccountProcedureStepModel` on this connection. */
export function accountProcedureStepModel(sequelize: Sequelize) {
  return bindModel(
    AccountProcedureStepModel,
    'account_procedure_steps',
    { seq, procedureId: text, step: text, outcome: text, words: text, at: time },
    sequelize,
  );
}

/** `AccountStateModel` on this connection. */
export function accountStateModel(sequelize: Sequelize) {
  return bindModel(
    AccountStateModel,
    'account_states',
    {
      userId: id,
      wasLocked: flag,
      wasSuspended: flag,
      absence: text,
      successor: optionalText,
      changedBy: text,
      changedAt: time,
    },
    sequelize,
  );
}

/** `WatchedDeviceModel` on this connection. */
export function watchedDeviceModel(sequelize: Sequelize) {
  return bindModel(
    WatchedDeviceModel,
    'watched_devices',
    { seq, userId: text, deviceId: text, firstSeenAt: time, networks: text, told: text },
    sequelize,
  );
}
