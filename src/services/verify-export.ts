import { createHash } from 'node:crypto';
import type { AuditVerifier } from '../ports/audit-signer.ts';
import { ComparedFile } from './compared-file.ts';
import { MANIFEST_FORMAT, manifestBytes } from './signed-export.ts';

/** What is verified: the lines of the file and of its manifest, as bytes and with their line feeds. */
export interface VerifyExportParts {
  readonly lines: AsyncIterable<Uint8Array>;
  readonly manifest: AsyncIterable<Uint8Array>;
  readonly verifier: AuditVerifier;
}

/** Compares an export with its manifest (G1), and returns what is wrong, in words; nothing where every byte is as it was written. */
export async function verifyExport({ lines, manifest, verifier }: VerifyExportParts): Promise<string[]> {
  const problems: string[] = [];
  const file = new ComparedFile(lines, problems);
  const manifestHash = createHash('sha256');
  let end: { keyId?: unknown; file?: unknown; rows?: unknown } | undefined;
  let signature: string | undefined;
  for await (const bytes of manifest) {
    const record = parse(bytes);
    if (record === undefined) return [...problems, 'The manifest is invalid or was modified.'];
    if ('signature' in record) {
      signature = String(record['signature']);
      if (!Buffer.from(`${JSON.stringify({ signature })}\n`).equals(bytes)) problems.push('The manifest was changed.');
      continue;
    }
    if (signature !== undefined) problems.push('The manifest goes on after its signature.');
    manifestHash.update(bytes);
    if ('manifest' in record) {
      if (record['manifest'] !== MANIFEST_FORMAT) return ['The manifest has a format that is not known here.'];
    } else if ('end' in record) end = record;
    else await file.compare(record);
  }
  await file.end();
  if (end === undefined || signature === undefined)
    return [...problems, 'The manifest has no end: the export broke off, or it was cut.'];
  if (problems.length === 0 && !file.isWhole(end)) problems.push('The file as a whole is not what was exported.');
  const verdict = verifier.verify(String(end.keyId), manifestBytes(manifestHash.digest('hex')), signature);
  if (verdict === 'bad') problems.push('The manifest was changed: its signature is wrong.');
  if (verdict === 'unknown-key') problems.push('The manifest is signed with a key that is not among those given.');
  return problems;
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
