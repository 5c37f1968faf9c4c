import type { InferAttributes, InferCreationAttributes, Sequelize } from 'sequelize';
import { bindModel } from './bind-model.ts';
import { text } from './columns.ts';
import { QUEUE_ROW, QueueRowModel } from './queue-row-model.ts';

/** A row of `matrix_events`. The lane is the room, or the row itself once it was set aside. `content` is the whole encrypted event. */
export class MatrixEventModel extends QueueRowModel<
  InferAttributes<MatrixEventModel>,
  InferCreationAttributes<MatrixEventModel>
> {
  declare eventId: string;
  declare roomId: string;
}

/** `MatrixEventModel` on this connection. */
export function matrixEventModel(sequelize: Sequelize) {
  return bindModel(MatrixEventModel, 'matrix_events', { ...QUEUE_ROW, eventId: text, roomId: text }, sequelize);
}
