import { Model, type CreationOptional } from 'sequelize';
import { count, flag, optionalText, optionalTime, seq, text, time, type Time } from './columns.ts';

/** A row of a table that is one queue, see `TableQueue`. `content` is encrypted, and wiped when done. */
export abstract class QueueRowModel<Row extends object, NewRow extends object> extends Model<Row, NewRow> {
  declare seq: CreationOptional<Time>;
  declare id: string;
  declare lane: string;
  declare content: string | null;
  declare trace: string;
  declare createdAt: Time;
  declare runAt: Time | null;
  declare attempts: CreationOptional<number>;
  declare code: CreationOptional<string | null>;
  declare waitsOutside: CreationOptional<boolean>;
  declare parkedAt: CreationOptional<Time | null>;
  declare retriedAt: CreationOptional<Time | null>;
  declare finishedAt: CreationOptional<Time | null>;
}

/** Its columns. */
export const QUEUE_ROW = {
  seq,
  id: text,
  lane: text,
  content: optionalText,
  trace: text,
  createdAt: time,
  runAt: optionalTime,
  attempts: count,
  code: optionalText,
  waitsOutside: flag,
  parkedAt: optionalTime,
  retriedAt: optionalTime,
  finishedAt: optionalTime,
};
