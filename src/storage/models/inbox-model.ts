import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `inbox`. `content` is the encrypted sender, body and media. `lineId` is empty where no line has the number. */
export class InboxModel extends Model<InferAttributes<InboxModel>, InferCreationAttributes<InboxModel>> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare carrier: string;
  declare carrierMessageId: string;
  declare lineId: string;
  declare lane: string;
  declare keyword: string | null;
  declare content: string | null;
  declare trace: string;
  declare createdAt: Time;
  declare deliveryRunAt: Time | null;
  declare deliveryAttempts: CreationOptional<number>;
  declare deliveryCode: CreationOptional<string | null>;
  declare deliveryWaitsOutside: CreationOptional<boolean>;
  declare deliveryParkedAt: CreationOptional<Time | null>;
  declare deliveryRetriedAt: CreationOptional<Time | null>;
  declare keywordRunAt: Time | null;
  declare keywordAttempts: CreationOptional<number>;
  declare keywordCode: CreationOptional<string | null>;
  declare keywordWaitsOutside: CreationOptional<boolean>;
  declare keywordParkedAt: CreationOptional<Time | null>;
  declare keywordRetriedAt: CreationOptional<Time | null>;
  declare finishedAt: CreationOptional<Time | null>;
  declare partsSent: CreationOptional<number>;
}

/** `InboxModel` on this connection. */
export function inboxModel(sequelize: Sequelize) {
  return bindModel(
    InboxModel,
    'inbox',
    {
      seq,
      id: text,
      carrier: text,
      carrierMessageId: text,
      lineId: text,
      lane: text,
      keyword: optionalText,
      content: optionalText,
      trace: text,
      createdAt: time,
      deliveryRunAt: optionalTime,
      deliveryAttempts: count,
      deliveryCode: optionalText,
      deliveryWaitsOutside: flag,
      deliveryParkedAt: optionalTime,
      deliveryRetriedAt: optionalTime,
      keywordRunAt: optionalTime,
      keywordAttempts: count,
      keywordCode: optionalText,
      keywordWaitsOutside: flag,
      keywordParkedAt: optionalTime,
      keywordRetriedAt: optionalTime,
      finishedAt: optionalTime,
      partsSent: count,
    },
    sequelize,
  );
}
