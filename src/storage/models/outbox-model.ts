import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `outbox`. The lane is the conversation. `content` is the encrypted recipient, body and attachment. */
export class OutboxModel extends Model<InferAttributes<OutboxModel>, InferCreationAttributes<OutboxModel>> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare kind: string;
  declare state: string;
  declare lane: string;
  declare lineId: string;
  declare content: string | null;
  declare eventId: string | null;
  declare roomId: string | null;
  declare failure: CreationOptional<string | null>;
  declare carrier: CreationOptional<string | null>;
  declare carrierReference: CreationOptional<string | null>;
  declare cause: string;
  declare trace: string;
  declare createdAt: Time;
  declare runAt: Time | null;
  declare attempts: CreationOptional<number>;
  declare code: CreationOptional<string | null>;
  declare waitsOutside: CreationOptional<boolean>;
  declare parkedAt: CreationOptional<Time | null>;
  declare retriedAt: CreationOptional<Time | null>;
  declare finishedAt: CreationOptional<Time | null>;
}

/** `OutboxModel` on this connection. */
export function outboxModel(sequelize: Sequelize) {
  return bindModel(
    OutboxModel,
    'outbox',
    {
      seq,
      id: text,
      kind: text,
      state: text,
      lane: text,
      lineId: text,
      content: optionalText,
      eventId: optionalText,
      roomId: optionalText,
      failure: optionalText,
      carrier: optionalText,
      carrierReference: optionalText,
      cause: text,
      trace: text,
      createdAt: time,
      runAt: optionalTime,
      attempts: count,
      code: optionalText,
      waitsOutside: flag,
      parkedAt: optionalTime,
      retriedAt: optionalTime,
      finishedAt: optionalTime,
    },
    sequelize,
  );
}
