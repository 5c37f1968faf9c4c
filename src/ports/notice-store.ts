import type { RoomId } from '../model/ids.ts';
import type { NoticeRow } from '../model/rows.ts';
import type { QueueStore } from './queue-store.ts';

/** A notice before it has a row. `cause` is unique: the same cause adds nothing a second time. */
export type NewNotice = Pick<NoticeRow, 'roomId' | 'sender' | 'notice' | 'trace'> & { readonly cause: string };

/** What bot and ghosts must still put into rooms. The lane is the room. */
export interface NoticeStore extends QueueStore<NoticeRow> {
  /** Commits the notice; returns false where `cause` is already there. */
  add(notice: NewNotice, now: number): Promise<boolean>;
  /** Makes notices of a room due now that wait for somebody to read them. */
  wake(roomId: RoomId): Promise<void>;
}
