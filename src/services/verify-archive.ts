import { archiveHash } from '../model/archive.ts';
import { GENESIS } from '../model/audit-chain.ts';
import type { MessageArchive } from '../ports/message-archive.ts';

/** What was found. */
export interface ArchiveVerdict {
  readonly rows: number;
  readonly head: { readonly seq: number; readonly hash: string } | undefined;
  readonly faults: number;
}

const PAGE = 1_000;

/** Reads the whole archive, and names each row that is not as it was written, or does not follow the one before. Needs no key. */
export async function verifyArchive(
  archive: Pick<MessageArchive, 'rows'>,
  onFault: (seq: number, problem: string) => void,
): Promise<ArchiveVerdict> {
  let [rows, faults] = [0, 0];
  let before = { seq: 0, hash: GENESIS };
  const fault = (seq: number, problem: string) => {
    faults++;
    onFault(seq, problem);
  };
  for (;;) {
    const page = await archive.rows(before.seq, PAGE);
    for (const row of page) {
      rows++;
      if (row.seq !== before.seq + 1) fault(before.seq + 1, 'is missing');
      else if (row.prevHash !== before.hash)
        fault(row.seq, `does not follow row ${before.seq}: one of the two was rewritten`);
      if (archiveHash(row) !== row.hash) fault(row.seq, 'was changed: what it says does not give its hash');
      before = row;
    }
    if (page.length < PAGE) return { rows, faults, head: before.seq === 0 ? undefined : before };
  }
}

/**
 * Looks at two rows alone: the last one, and the one that was the last when the whole was verified (`known`, from the audit log). Returns what is wrong
 * with them, in PHI-free words. Needs no key.
 */
export async function verifyArchiveEnd(
  archive: Pick<MessageArchive, 'rows' | 'head'>,
  known: ArchiveVerdict['head'],
): Promise<string | undefined> {
  const rowAt = async (seq: number) => (await archive.rows(seq - 1, 1)).find((row) => row.seq === seq);
  const head = await archive.head();
  const last = head && (await rowAt(head.seq));
  if (last !== undefined && archiveHash(last) !== last.hash) return `row ${last.seq}, the last, was changed`;
  if (known === undefined) return undefined;
  const before = await rowAt(known.seq);
  if (before === undefined) return `row ${known.seq}, the last when it was verified, is missing`;
  if (before.hash !== known.hash || archiveHash(before) !== before.hash)
    return `row ${known.seq} is not the one that was the last when it was verified`;
  return undefined;
}
