import type { ArchiveRow, SaidContent } from '../model/archive.ts';
import { newOpaqueId, type ConversationId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { MessageArchive } from '../ports/message-archive.ts';
import { SignedExport } from './signed-export.ts';

/** What an export was asked for. */
export interface ArchiveExport {
  /** Of one patient: the conversation on each line. */
  readonly conversations: readonly ConversationId[];
  /** Who asked (F3). */
  readonly by: UserId;
  readonly reason: string;
  /** PHI-free, e.g. the name of the system's user at the command line. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Takes the file, and the manifest, a line each without its end. */
  readonly writeLine: (line: string) => Promise<void>;
  readonly writeManifest: (line: string) => Promise<void>;
}

/** What it is made of. */
export interface ExportArchiveParts {
  readonly archive: MessageArchive;
  readonly log: AuditLog;
  readonly signer: AuditSigner;
  readonly pageSize?: number;
}

const PAGE = 1_000;

/**
 * Writes what was said in conversations out, oldest first, with a signed manifest (G1, G2). Who exports which conversation is in the audit log before the
 * first line leaves (F3), and what was exported after the last.
 */
export class ExportArchive {
  readonly #parts: ExportArchiveParts;

  constructor(parts: ExportArchiveParts) {
    this.#parts = parts;
  }

  async run(asked: ArchiveExport): Promise<{ rows: number }> {
    const { archive, log, signer, pageSize = PAGE } = this.#parts;
    const { conversations, by, reason, details, writeLine, writeManifest } = asked;
    const id = newOpaqueId();
    const about = { actor: by, outcome: 'done', trace: id, reason, target: conversations.join(' ') } as const;
    await log.append({ id: `archive.export:${id}`, action: 'archive.export', ...about, details });
    const head = await archive.head();
    const file = new SignedExport({ signer, writeLine, writeManifest });
    await file.begin({ format: 'archive', conversations, by, export: id, at: new Date().toISOString(), head });
    for (let last = 0; ;) {
      const page = await archive.rows(last, pageSize, conversations);
      for (const row of page) {
        const { seq, hash, eventId } = row;
        await file.entry(JSON.stringify(lineOf(row, archive.open(row))), { seq, hash, sourceEvent: eventId });
      }
      last = page.at(-1)?.seq ?? last;
      if (page.length < pageSize) break;
    }
    const end = await file.end();
    const exported = { export: id, ...end };
    await log.append({ id: `archive.exported:${id}`, action: 'archive.exported', ...about, details: exported });
    return { rows: end.rows };
  }
}

/** A record as it is exported: in the clear, with its time in words. */
function lineOf(row: ArchiveRow, { body, file }: SaidContent) {
  const { seq, kind, by, at, conversationId, roomId, eventId, relatesTo, sender, prevHash, hash } = row;
  return {
    seq,
    kind,
    by,
    at: new Date(at).toISOString(),
    sender,
    body,
    file,
    conversationId,
    roomId,
    eventId,
    relatesTo: relatesTo ?? undefined,
    prevHash,
    hash,
  };
}
