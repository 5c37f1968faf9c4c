import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { seq, text, time, type Time } from './columns.ts';

/** A row of `consents`, which triggers keep from being changed or removed. `evidence` is encrypted. */
export class ConsentModel extends Model<InferAttributes<ConsentModel>, InferCreationAttributes<ConsentModel>> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare contactId: string;
  declare addressId: string;
  declare state: string;
  declare method: string;
  declare wordingVersion: string;
  declare evidence: string;
  declare cause: string;
  declare actor: string;
  declare at: Time;
}

/** `ConsentModel` on this connection. */
export function consentModel(sequelize: Sequelize) {
  return bindModel(
    ConsentModel,
    'consents',
    {
      seq,
      id: text,
      contactId: text,
      addressId: text,
      state: text,
      method: text,
      wordingVersion: text,
      evidence: text,
      cause: text,
      actor: text,
      at: time,
    },
    sequelize,
  );
}
