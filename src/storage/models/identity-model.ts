import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { count, seq, text, time, type Time } from './columns.ts';

/** A row of `identity_checks`, which triggers keep from being changed or removed. `evidence` is encrypted. */
export class IdentityModel extends Model<InferAttributes<IdentityModel>, InferCreationAttributes<IdentityModel>> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare contactId: string;
  declare addressId: string;
  declare state: string;
  declare method: string;
  declare failures: CreationOptional<number>;
  declare wordingVersion: string;
  declare evidence: string;
  declare cause: string;
  declare actor: string;
  declare at: Time;
}

/** `IdentityModel` on this connection. */
export function identityModel(sequelize: Sequelize) {
  return bindModel(
    IdentityModel,
    'identity_checks',
    {
      seq,
      id: text,
      contactId: text,
      addressId: text,
      state: text,
      method: text,
      failures: count,
      wordingVersion: text,
      evidence: text,
      cause: text,
      actor: text,
      at: time,
    },
    sequelize,
  );
}
