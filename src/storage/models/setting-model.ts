import { Model, type InferAttributes, type InferCreationAttributes, type Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { id, text } from './columns.ts';

/** A row of `settings`. No PHI. */
export class SettingModel extends Model<InferAttributes<SettingModel>, InferCreationAttributes<SettingModel>> {
  declare key: string;
  declare value: string;
}

/** `SettingModel` on this connection. */
export function settingModel(sequelize: Sequelize) {
  return bindModel(SettingModel, 'settings', { key: id, value: text }, sequelize);
}
