import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, seq, text, time, type Time } from './columns.ts';

/** A row of `policy_versions`, which triggers keep from being changed or removed. */
export class PolicyVersionModel extends Model<
  InferAttributes<PolicyVersionModel>,
  InferCreationAttributes<PolicyVersionModel>
> {
  declare seq: CreationOptional<Time>;
  declare subject: string;
  declare version: number;
  declare content: string;
  declare hash: string;
  declare since: Time;
}

/** `PolicyVersionModel` on this connection. */
export function policyVersionModel(sequelize: Sequelize) {
  return bindModel(
    PolicyVersionModel,
    'policy_versions',
    { seq, subject: text, version: count, content: text, hash: text, since: time },
    sequelize,
  );
}
