import { newOpaqueId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { AuditFilter, AuditTrail } from '../ports/audit-trail.ts';
import { AUDIT_FORMATS } from './audit-formats.ts';
import { auditItem } from './audit-item.ts';
import { SignedExport } from './signed-export.ts';

/** What an export was asked for. */
export interface AuditExport {
  readonly format: keyof typeof AUDIT_FORMATS;
  readonly filter: AuditFilter;
  /** Who asked (F3). */
  readonly by: UserId;
  readonly reason: string | undefined;
  /** PHI-free, e.g. the name of the system's user at the command line. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Takes the file, and the manifest, a line each without its end. */
  readonly writeLine: (line: string) => Promise<void>;
  readonly writeManifest: (line: string) => Promise<void>;
}

/** What it is made of. */
export interface ExportAuditParts {
  readonly log: AuditLog;
  readonly trail: AuditTrail;
  readonly signer: AuditSigner;
  readonly pageSize?: number;
}

const PAGE = 1_000;

/**
 * Writes entries of the audit log out, with a manifest that has the hash of every line, the chain's hash and the source event of every entry, and a
 * signature (G1). That somebody exports is in the log before the first line leaves (F3), and what was exported after the last.
 */
export class ExportAudit {
  readonly #parts: ExportAuditParts;

  constructor(parts: ExportAuditParts) {
    this.#parts = parts;
  }

  async run({ format, filter, by, reason, details, writeLine, writeManifest }: AuditExport): Promise<{ rows: number }> {
    const { log, trail, signer, pageSize = PAGE } = this.#parts;
    const id = newOpaqueId();
    const about = { actor: by, outcome: 'done', trace: id, ...(reason !== undefined && { reason }) } as const;
    const asked = { ...details, format, ...filter };
    await log.append({ id: `audit.export:${id}`, action: 'audit.export', ...about, details: asked });
    const head = await trail.head();
    const file = new SignedExport({ signer, writeLine, writeManifest });
    await file.begin({ format, filter, by, export: id, at: new Date().toISOString(), head });
    const { header, line } = AUDIT_FORMATS[format];
    if (header !== undefined) await file.header(header);
    let last = 0;
    for (;;) {
      const page = await trail.rows(last, pageSize, filter);
      for (const row of page) {
        if (row.seq > (head?.seq ?? 0)) break;
        const { seq, hash, sourceEvent } = row;
        await file.entry(line(auditItem(row, trail.open(row))), {
          seq,
          hash,
          ...(sourceEvent !== null && { sourceEvent }),
        });
      }
      last = page.at(-1)?.seq ?? last;
      if (page.length < pageSize || last >= (head?.seq ?? 0)) break;
    }
    const end = await file.end();
    await log.append({
      id: `audit.exported:${id}`,
      action: 'audit.exported',
      ...about,
      details: { export: id, ...end },
    });
    return { rows: end.rows };
  }
}
