import type { CreationOptional, InferAttributes, InferCreationAttributes, Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, text } from './columns.ts';
import { QUEUE_ROW, QueueRowModel } from './queue-row-model.ts';

/** A row of `outbox`. The lane is the conversation. `content` is the encrypted recipient, body and attachment. */
export class OutboxModel extends QueueRowModel<InferAttributes<OutboxModel>, InferCreationAttributes<OutboxModel>> {
  declare kind: string;
  declare state: string;
  declare lineId: string;
  declare eventId: string | null;
  declare roomId: string | null;
  declare failure: CreationOptional<string | null>;
  declare carrier: CreationOptional<string | null>;
  declare carrierReference: CreationOptional<string | null>;
  declare cause: string;
}

/** `OutboxModel` on this connection. */
export function outboxModel(sequelize: Sequelize) {
  return bindModel(
    OutboxModel,
    'outbox',
    {
      ...QUEUE_ROW,
      kind: text,
      state: text,
      lineId: text,
      eventId: optionalText,
      roomId: optionalText,
      cause: text,
      failure: optionalText,
      carrier: optionalText,
      carrierReference: optionalText,
    },
    sequelize,
  );
}
