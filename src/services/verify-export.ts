import { createHash } from 'node:crypto';
import type { AuditVerifier } from '../ports/audit-signer.ts';
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
  const file = lines[Symbol.asyncIterator]();
  const fileHash = createHash('sha256');
  const manifestHash = createHash('sha256');
  let number = 0;
  let end: { keyId?: unknown; file?: unknown; rows?: unknown } | undefined;
  let signature: string | undefined;
  let entries = 0;
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
    else {
      const next = await file.next();
      number++;
      if ('seq' in record) entries++;
      if (next.done === true) {
        problems.push(`Line ${number}${entryOf(record)} is missing in the file.`);
        continue;
      }
      const line = next.value;
      fileHash.update(line);
      if (createHash('sha256').update(line).digest('hex') !== record['sha256'])
        problems.push(`Line ${number}${entryOf(record)} was changed.`);
    }
  }
  for (let rest = await file.next(); rest.done !== true; rest = await file.next()) {
    fileHash.update(rest.value);
    problems.push(`Line ${++number} is not in the manifest.`);
  }
  if (end === undefined || signature === undefined)
    problems.push('The manifest has no end: the export broke off, or it was cut.');
  else {
    if (problems.length === 0 && (end.file !== fileHash.digest('hex') || end.rows !== entries))
      problems.push('The file as a whole is not what was exported.');
    const verdict = verifier.verify(String(end.keyId), manifestBytes(manifestHash.digest('hex')), signature);
    if (verdict === 'bad') problems.push('The manifest was changed: its signature is wrong.');
    if (verdict === 'unknown-key') problems.push('The manifest is signed with a key that is not among those given.');
  }
  return problems;
}

function entryOf({ seq }: Record<string, unknown>): string {
  return typeof seq === 'number' ? ` (entry ${seq})` : '';
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
