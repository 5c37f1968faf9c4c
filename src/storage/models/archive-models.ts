import {
  Model,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import { bindModel } from './bind-model.ts';
import { optionalText, seq, text, time, type Time } from './columns.ts';

/** A row of `archive_queue`. `content` is encrypted. */
export class ArchiveQueueModel extends Model<
  InferAttributes<ArchiveQueueModel>,
  InferCreationAttributes<ArchiveQueueModel>
> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare content: string;
  declare notedAt: Time;
}

/** A row of `archive_records`, in a database of its own, which triggers keep from being changed or removed. `content` is encrypted. */
export class ArchiveRecordModel extends Model<
  InferAttributes<ArchiveRecordModel>,
  InferCreationAttributes<ArchiveRecordModel>
> {
  declare seq: Time;
  declare kind: string;
  declare saidBy: string;
  declare conversationId: string;
  declare roomId: string;
  declare eventId: string;
  declare relatesTo: string | null;
  declare sender: string;
  declare at: Time;
  declare content: string;
  declare prevHash: string;
  declare hash: string;
}

/** `ArchiveQueueModel` on this connection. */
export function archiveQueueModel(sequelize: Sequelize) {
  return bindModel(ArchiveQueueModel, 'archive_queue', { seq, id: text, content: text, notedAt: time }, sequelize);
}

/** `ArchiveRecordModel` on this connection. */
export function archiveRecordModel(sequelize: Sequelize) {
  return bindModel(
    ArchiveRecordModel,
    'archive_records',
    {
      seq: { ...time, primaryKey: true },
      kind: text,
      saidBy: text,
      conversationId: text,
      roomId: text,
      eventId: text,
      relatesTo: optionalText,
      sender: text,
      at: time,
      content: text,
      prevHash: text,
      hash: text,
    },
    sequelize,
  );
}
