import { Model, type InferAttributes, type InferCreationAttributes, type Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { id, time, type Time } from './columns.ts';

/** A row of `hs_transactions`: a transaction of the homeserver that was committed. */
export class HsTransactionModel extends Model<
  InferAttributes<HsTransactionModel>,
  InferCreationAttributes<HsTransactionModel>
> {
  declare txnId: string;
  declare createdAt: Time;
}

/** `HsTransactionModel` on this connection. */
export function hsTransactionModel(sequelize: Sequelize) {
  return bindModel(HsTransactionModel, 'hs_transactions', { txnId: id, createdAt: time }, sequelize);
}
