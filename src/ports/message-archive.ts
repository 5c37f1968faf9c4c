import type { ArchiveRow, Said, SaidContent } from '../model/archive.ts';
import type { ConversationId } from '../model/ids.ts';

/** The archive of what was said: apart from everything else, with a key of its own, and rows are only added (H6). Whoever reads it writes down that it was read (F3). */
export interface MessageArchive extends AsyncDisposable {
  /** Commits all of it together; what is there already (same event, same kind) is left out. Throws RetryableError while it cannot be written. */
  append(said: readonly Said[]): Promise<void>;
  /** The next rows after `seq`, in order, at most `limit`; of some conversations where they are named. */
  rows(afterSeq: number, limit: number, of?: readonly ConversationId[]): Promise<readonly ArchiveRow[]>;
  /** The last row's, or undefined where nothing was archived. */
  head(): Promise<{ readonly seq: number; readonly hash: string } | undefined>;
  /** undefined where it can be written, else what is wrong in PHI-free words. Changes nothing; a full disk shows only when something is appended. */
  check(): Promise<string | undefined>;
  /** Decrypts what a row holds. Throws PermanentError where it was changed or its key is not configured. */
  open(row: ArchiveRow): SaidContent;
}
