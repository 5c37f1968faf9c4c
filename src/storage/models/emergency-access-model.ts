import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `emergency_access`: open while `ended_at` is null; never removed. `reason` is encrypted. */
export class EmergencyAccessModel extends Model<
  InferAttributes<EmergencyAccessModel>,
  InferCreationAttributes<EmergencyAccessModel>
> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare roomId: string;
  declare userId: string;
  declare reason: string;
  declare grantedAt: Time;
  declare expiresAt: Time;
  declare endedAt: CreationOptional<Time | null>;
  declare endedBy: CreationOptional<string | null>;
}

/** `EmergencyAccessModel` on this connection. */
export function emergencyAccessModel(sequelize: Sequelize) {
  return bindModel(
    EmergencyAccessModel,
    'emergency_access',
    {
      seq,
      id: text,
      roomId: text,
      userId: text,
      reason: text,
      grantedAt: time,
      expiresAt: time,
      endedAt: optionalTime,
      endedBy: optionalText,
    },
    sequelize,
  );
}
