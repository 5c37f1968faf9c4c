import { Model, type InferAttributes, type InferCreationAttributes, type Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, text, time, type Time } from './columns.ts';

/** A row of `audit_log`, which triggers keep from being changed or removed. `content` is encrypted. */
export class AuditLogModel extends Model<InferAttributes<AuditLogModel>, InferCreationAttributes<AuditLogModel>> {
  declare seq: Time;
  declare id: string;
  declare at: Time;
  declare action: string;
  declare actor: string;
  declare outcome: string;
  declare target: string | null;
  declare roomId: string | null;
  declare sourceEvent: string | null;
  declare cause: string | null;
  declare content: string | null;
  declare trace: string;
  declare prevHash: string;
  declare hash: string;
}

/** A row of `audit_checkpoints`, which triggers keep from being changed or removed. */
export class AuditCheckpointModel extends Model<
  InferAttributes<AuditCheckpointModel>,
  InferCreationAttributes<AuditCheckpointModel>
> {
  declare number: Time;
  declare seq: Time;
  declare headHash: string;
  declare at: Time;
  declare keyId: string;
  declare signature: string;
}

/** Both on this connection. */
export function auditModels(sequelize: Sequelize) {
  return {
    log: bindModel(
      AuditLogModel,
      'audit_log',
      {
        seq: { ...time, primaryKey: true },
        id: text,
        at: time,
        action: text,
        actor: text,
        outcome: text,
        target: optionalText,
        roomId: optionalText,
        sourceEvent: optionalText,
        cause: optionalText,
        content: optionalText,
        trace: text,
        prevHash: text,
        hash: text,
      },
      sequelize,
    ),
    checkpoints: bindModel(
      AuditCheckpointModel,
      'audit_checkpoints',
      { number: { ...time, primaryKey: true }, seq: time, headHash: text, at: time, keyId: text, signature: text },
      sequelize,
    ),
  };
}
