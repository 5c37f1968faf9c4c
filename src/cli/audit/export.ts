import { userInfo } from 'node:os';
import { UserError } from '../../errors.ts';
import { AUDIT_FORMATS } from '../../services/audit-formats.ts';
import { ExportAudit } from '../../services/export-audit.ts';
import type { AuditVerbParts } from './audit-verb-parts.ts';
import { LineFile } from './line-file.ts';
import { neededOption, neededUser, textOption, timeOption } from '../text-option.ts';

/** Where the manifest of an export is. */
export const manifestOf = (path: string) => `${path}.manifest`;

/** `carebridge audit export` */
export async function runExport({ input, storage, key }: AuditVerbParts): Promise<number> {
  if (key === undefined)
    throw new UserError('An export is signed, and there is no audit.signing_key yet: run carebridge register.');
  const by = neededUser(input);
  const path = neededOption(input, 'out');
  const format = textOption(input, 'format') ?? 'jsonl';
  if (!isFormat(format)) throw new UserError(`--format takes one of ${Object.keys(AUDIT_FORMATS).join(', ')}.`);
  const filter = {
    from: timeOption(input, 'from'),
    to: timeOption(input, 'to'),
    user: textOption(input, 'user'),
    room: textOption(input, 'room'),
  };
  const file = await LineFile.create(path);
  const manifest = await LineFile.create(manifestOf(path)).catch(async (error: unknown) => {
    await file.discard();
    throw error;
  });
  try {
    const { rows } = await new ExportAudit({ log: storage.audit, trail: storage.auditTrail, signer: key }).run({
      format,
      filter,
      by,
      reason: textOption(input, 'reason'),
      details: { systemUser: userInfo().username },
      writeLine: file.write,
      writeManifest: manifest.write,
    });
    await file.finish();
    await manifest.finish();
    input.out(`${rows} entries in ${file.path}, signed in ${manifest.path}.`);
    return 0;
  } catch (error) {
    await file.discard();
    await manifest.discard();
    throw error;
  }
}

function isFormat(text: string): text is keyof typeof AUDIT_FORMATS {
  return Object.hasOwn(AUDIT_FORMATS, text);
}
