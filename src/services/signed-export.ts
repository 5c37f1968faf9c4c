import { createHash, type Hash } from 'node:crypto';
import type { AuditSigner } from '../ports/audit-signer.ts';

/** The first line of a manifest. */
export const MANIFEST_FORMAT = 'carebridge-audit-export-1';

/** Where an export goes, a line each without its end, and who signs it. */
export interface SignedExportParts {
  readonly signer: AuditSigner;
  readonly writeLine: (line: string) => Promise<void>;
  readonly writeManifest: (line: string) => Promise<void>;
}

/** What a manifest says at its end. */
export interface ExportEnd {
  readonly end: true;
  readonly rows: number;
  /** SHA-256 of the whole file, hex. */
  readonly file: string;
  readonly keyId: string;
}

/** A file of lines with a manifest that has the hash of each, that of the whole, and a signature (G1). `verifyExport` compares the two. */
export class SignedExport {
  readonly #parts: SignedExportParts;
  readonly #file = createHash('sha256');
  readonly #manifest = createHash('sha256');
  #rows = 0;

  constructor(parts: SignedExportParts) {
    this.#parts = parts;
  }

  /** Says what it is. */
  async begin(about: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#manifestLine({ manifest: MANIFEST_FORMAT, ...about });
  }

  /** A line that is no entry, such as the names of columns. */
  async header(line: string): Promise<void> {
    await this.#manifestLine({ sha256: await this.#line(line) });
  }

  /** A line, and what ties it to where it comes from. */
  async entry(line: string, row: { readonly seq: number; readonly hash: string; readonly sourceEvent?: string }) {
    await this.#manifestLine({ sha256: await this.#line(line), ...row });
    this.#rows++;
  }

  /** Signs. */
  async end(): Promise<ExportEnd> {
    const { signer, writeManifest } = this.#parts;
    const end: ExportEnd = { end: true, rows: this.#rows, file: this.#file.digest('hex'), keyId: signer.keyId };
    await this.#manifestLine(end);
    const signature = signer.sign(manifestBytes(this.#manifest.digest('hex')));
    await writeManifest(JSON.stringify({ signature }));
    return end;
  }

  async #line(line: string): Promise<string> {
    return write(line, this.#parts.writeLine, this.#file);
  }

  async #manifestLine(record: object): Promise<void> {
    await write(JSON.stringify(record), this.#parts.writeManifest, this.#manifest);
  }
}

/** What the signature of a manifest signs; `digest` is the SHA-256, hex, of its lines before the signature, each with its line feed. */
export function manifestBytes(digest: string): Buffer {
  return Buffer.from(JSON.stringify([MANIFEST_FORMAT, digest]));
}

/** Writes a line, adds it to the digest of the whole, and returns its own; both with its line feed. */
async function write(line: string, to: (line: string) => Promise<void>, whole: Hash): Promise<string> {
  await to(line);
  whole.update(`${line}\n`);
  return createHash('sha256').update(`${line}\n`).digest('hex');
}
