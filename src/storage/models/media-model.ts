import { Model, type InferAttributes, type InferCreationAttributes, type Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { id, text, time, type Time } from './columns.ts';

/** A row of `media`. `sha256` is encrypted: it tells which file it is to whoever has the file. */
export class MediaModel extends Model<InferAttributes<MediaModel>, InferCreationAttributes<MediaModel>> {
  declare eventId: string;
  declare mxc: string;
  declare roomId: string;
  declare sha256: string;
  declare at: Time;
}

/** `MediaModel` on this connection. */
export function mediaModel(sequelize: Sequelize) {
  return bindModel(MediaModel, 'media', { eventId: id, mxc: id, roomId: text, sha256: text, at: time }, sequelize);
}
