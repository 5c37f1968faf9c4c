/** The archive of what was said in patients' rooms, and its hash chain (G2). The format is in docs/archive.md: it must never change under the same name. */
import { createHash } from 'node:crypto';
import type { ConversationId, EventId, RoomId, UserId } from './ids.ts';

/** message and file: said for the first time. edit: what a message was changed into. redaction: a message was removed, and is kept here. */
export type SaidKind = 'message' | 'file' | 'edit' | 'redaction';

/** Who said it. */
export type SaidBy = 'patient' | 'staff' | 'bridge';

/** One thing said in a patient's room. */
export interface Said {
  readonly kind: SaidKind;
  readonly by: SaidBy;
  readonly conversationId: ConversationId;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  /** The message that was changed, removed or answered. */
  readonly relatesTo: EventId | undefined;
  readonly sender: UserId;
  /** Unix ms, as the homeserver or the carrier gave it. */
  readonly at: number;
  /** PHI. */
  readonly content: SaidContent;
}

/** What is kept encrypted. */
export interface SaidContent {
  /** The words; of a redaction the reason. */
  readonly body?: string;
  readonly file?: {
    readonly name: string;
    readonly mxc: string;
    /** Of the encrypted bytes, as they are on the homeserver. */
    readonly sha256: string;
  };
}

/** A row of the archive as it is stored. `content` is encrypted. */
export interface ArchiveRow extends Omit<Said, 'content' | 'relatesTo'> {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  readonly relatesTo: EventId | null;
  readonly content: string;
  /** `hash` of the row before; 64 zeros in the first. */
  readonly prevHash: string;
  /** SHA-256, hex: `archiveHash` of the rest. */
  readonly hash: string;
}

const ROW_FORMAT = 'carebridge-archive-1';

/** The hash of a row: SHA-256 over the UTF-8 bytes of a JSON array without spaces. No key is needed, since what is encrypted is hashed as it is stored. */
export function archiveHash(row: Omit<ArchiveRow, 'hash'>): string {
  const { seq, kind, by, conversationId, roomId, eventId, relatesTo, sender, at, content, prevHash } = row;
  const fields = [seq, kind, by, conversationId, roomId, eventId, relatesTo, sender, at, content];
  return createHash('sha256')
    .update(JSON.stringify([ROW_FORMAT, prevHash, ...fields]))
    .digest('hex');
}
