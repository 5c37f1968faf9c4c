import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `matrix_events`. The lane is the room, or the row itself once it was set aside. `content` is the whole encrypted event. */
export class MatrixEventModel extends Model<
  InferAttributes<MatrixEventModel>,
  InferCreationAttributes<MatrixEventModel>
> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare eventId: string;
  declare roomId: string;
  declare lane: string;
  declare content: string | null;
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

/** `MatrixEventModel` on this connection. */
export function matrixEventModel(sequelize: Sequelize) {
  return bindModel(
    MatrixEventModel,
    'matrix_events',
    {
      seq,
      id: text,
      eventId: text,
      roomId: text,
      lane: text,
      content: optionalText,
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
