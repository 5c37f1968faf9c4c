import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of `confirmations`: waiting while `finished_at` is null. `content` is the command line, encrypted, until it is wiped. */
export class ConfirmationModel extends Model<
  InferAttributes<ConfirmationModel>,
  InferCreationAttributes<ConfirmationModel>
> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare roomId: string;
  declare commandEvent: string;
  declare promptEvent: CreationOptional<string | null>;
  declare requestedBy: string;
  declare content: string | null;
  declare previewHash: string;
  declare needsSecondPerson: boolean | number;
  declare expiresAt: Time;
  declare confirmedBy: CreationOptional<string | null>;
  declare confirmedEvent: CreationOptional<string | null>;
  declare confirmedAt: CreationOptional<Time | null>;
  declare finishedAt: CreationOptional<Time | null>;
  declare endedAs: CreationOptional<string | null>;
  declare endedBy: CreationOptional<string | null>;
}

/** `ConfirmationModel` on this connection. */
export function confirmationModel(sequelize: Sequelize) {
  return bindModel(
    ConfirmationModel,
    'confirmations',
    {
      seq,
      id: text,
      roomId: text,
      commandEvent: text,
      promptEvent: optionalText,
      requestedBy: text,
      content: optionalText,
      previewHash: text,
      needsSecondPerson: flag,
      expiresAt: time,
      confirmedBy: optionalText,
      confirmedEvent: optionalText,
      confirmedAt: optionalTime,
      finishedAt: optionalTime,
      endedAs: optionalText,
      endedBy: optionalText,
    },
    sequelize,
  );
}
