import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `role_assignments`: in effect while `until` is null; never removed. */
export class RoleAssignmentModel extends Model<
  InferAttributes<RoleAssignmentModel>,
  InferCreationAttributes<RoleAssignmentModel>
> {
  declare seq: CreationOptional<Time>;
  declare userId: string;
  declare roleId: string;
  declare source: string;
  declare since: Time;
  declare givenBy: string;
  declare until: CreationOptional<Time | null>;
  declare takenBy: CreationOptional<string | null>;
}

/** `RoleAssignmentModel` on this connection. */
export function roleAssignmentModel(sequelize: Sequelize) {
  return bindModel(
    RoleAssignmentModel,
    'role_assignments',
    {
      seq,
      userId: text,
      roleId: text,
      source: text,
      since: time,
      givenBy: text,
      until: optionalTime,
      takenBy: optionalText,
    },
    sequelize,
  );
}
