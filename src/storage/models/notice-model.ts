import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `notices`. The lane is the room. `content` is the encrypted notice. */
export class NoticeModel extends Model<InferAttributes<NoticeModel>, InferCreationAttributes<NoticeModel>> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare lane: string;
  declare sender: string;
  declare content: string | null;
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

/** `NoticeModel` on this connection. */
export function noticeModel(sequelize: Sequelize) {
  return bindModel(
    NoticeModel,
    'notices',
    {
      seq,
      id: text,
      lane: text,
      sender: text,
      content: optionalText,
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
