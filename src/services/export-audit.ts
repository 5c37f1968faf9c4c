import { createHash, type Hash } from 'node:crypto';
import { newOpaqueId, type UserId } from '../model/ids.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditSigner } from '../ports/audit-signer.ts';
import type { AuditFilter, AuditTrail } from '../ports/audit-trail.ts';
import { AUDIT_FORMATS } from './audit-formats.ts';
import { auditItem } from './audit-item.ts';

/** The first line of a manifest. */
export const MANIFEST_FORMAT = 'carebridge-audit-export-1';

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
    const file = createHash('sha256');
    const manifest = createHash('sha256');
    const both = { header: lineWriter(writeManifest, manifest), line: lineWriter(writeLine, file) };
    await both.header(
      JSON.stringify({ manifest: MANIFEST_FORMAT, format, filter, by, export: id, at: new Date().toISOString(), head }),
    );
    const { header, line } = AUDIT_FORMATS[format];
    if (header !== undefined) await both.header(JSON.stringify({ sha256: await both.line(header) }));
    let rows = 0;
    let last = 0;
    for (;;) {
      const page = await trail.rows(last, pageSize, filter);
      for (const row of page) {
        if (row.seq > (head?.seq ?? 0)) break;
        const sha256 = await both.line(line(auditItem(row, trail.open(row))));
        const { seq, hash, sourceEvent } = row;
        await both.header(JSON.stringify({ sha256, seq, hash, ...(sourceEvent !== null && { sourceEvent }) }));
        rows++;
      }
      last = page.at(-1)?.seq ?? last;
      if (page.length < pageSize || last >= (head?.seq ?? 0)) break;
    }
    const end = { end: true, rows, file: file.digest('hex'), keyId: signer.keyId };
    await both.header(JSON.stringify(end));
    const signature = signer.sign(manifestBytes(manifest.digest('hex')));
    await writeManifest(JSON.stringify({ signature }));
    await log.append({
      id: `audit.exported:${id}`,
      action: 'audit.exported',
      ...about,
      details: { export: id, ...end },
    });
    return { rows };
  }
}

/** What the signature of a manifest signs; `digest` is the SHA-256, hex, of its lines before the signature, each with its line feed. */
export function manifestBytes(digest: string): Buffer {
  return Buffer.from(JSON.stringify([MANIFEST_FORMAT, digest]));
}

/** Writes a line, adds it to the digest of the whole, and answers its own; both with its line feed. */
function lineWriter(write: (line: string) => Promise<void>, whole: Hash) {
  return async (line: string): Promise<string> => {
    await write(line);
    whole.update(`${line}\n`);
    return createHash('sha256').update(`${line}\n`).digest('hex');
  };
}
