import type { InferAttributes, InferCreationAttributes, Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { text } from './columns.ts';
import { QUEUE_ROW, QueueRowModel } from './queue-row-model.ts';

/** A row of `notices`. The lane is the room. `content` is the encrypted notice. */
export class NoticeModel extends QueueRowModel<InferAttributes<NoticeModel>, InferCreationAttributes<NoticeModel>> {
  declare sender: string;
  declare cause: string;
}

/** `NoticeModel` on this connection. */
export function noticeModel(sequelize: Sequelize) {
  return bindModel(NoticeModel, 'notices', { ...QUEUE_ROW, sender: text, cause: text }, sequelize);
}
