import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { flag, id, optionalText, text, time, type Time } from './columns.ts';

/** A row of `contacts`. `name` and `birth_date` are encrypted. */
export class ContactModel extends Model<InferAttributes<ContactModel>, InferCreationAttributes<ContactModel>> {
  declare id: string;
  declare name: CreationOptional<string | null>;
  declare birthDate: CreationOptional<string | null>;
  declare ghost: string;
  declare createdAt: Time;
}

/** A row of `addresses`. `number` is encrypted, `numberHash` finds it. */
export class AddressModel extends Model<InferAttributes<AddressModel>, InferCreationAttributes<AddressModel>> {
  declare id: string;
  declare contactId: string;
  declare number: string;
  declare numberHash: string;
  declare createdAt: Time;
}

/** A row of `conversations`. */
export class ConversationModel extends Model<
  InferAttributes<ConversationModel>,
  InferCreationAttributes<ConversationModel>
> {
  declare id: string;
  declare lineId: string;
  declare addressId: string;
  declare roomId: CreationOptional<string | null>;
  declare isIntroduced: CreationOptional<boolean>;
  declare createdAt: Time;
}

/** The three models on this connection. */
export function conversationModels(sequelize: Sequelize) {
  return {
    contacts: bindModel(
      ContactModel,
      'contacts',
      { id, name: optionalText, birthDate: optionalText, ghost: text, createdAt: time },
      sequelize,
    ),
    addresses: bindModel(
      AddressModel,
      'addresses',
      { id, contactId: text, number: text, numberHash: text, createdAt: time },
      sequelize,
    ),
    conversations: bindModel(
      ConversationModel,
      'conversations',
      { id, lineId: text, addressId: text, roomId: optionalText, isIntroduced: flag, createdAt: time },
      sequelize,
    ),
  };
}
