import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `governed_rooms`: governed while `until` is null; never removed. `name` is encrypted. */
export class GovernedRoomModel extends Model<
  InferAttributes<GovernedRoomModel>,
  InferCreationAttributes<GovernedRoomModel>
> {
  declare seq: CreationOptional<Time>;
  declare roomId: string;
  declare kind: string;
  declare phiClass: string;
  declare opaqueId: string;
  declare unit: CreationOptional<string | null>;
  declare conversationId: CreationOptional<string | null>;
  declare lineId: CreationOptional<string | null>;
  declare ghost: CreationOptional<string | null>;
  declare name: CreationOptional<string | null>;
  declare origin: string;
  declare since: Time;
  declare until: CreationOptional<Time | null>;
  declare releasedBy: CreationOptional<string | null>;
}

/** `GovernedRoomModel` on this connection. */
export function governedRoomModel(sequelize: Sequelize) {
  return bindModel(
    GovernedRoomModel,
    'governed_rooms',
    {
      seq,
      roomId: text,
      kind: text,
      phiClass: text,
      opaqueId: text,
      unit: optionalText,
      conversationId: optionalText,
      lineId: optionalText,
      ghost: optionalText,
      name: optionalText,
      origin: text,
      since: time,
      until: optionalTime,
      releasedBy: optionalText,
    },
    sequelize,
  );
}
