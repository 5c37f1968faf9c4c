import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load-config.ts';
import { UserError } from '../errors.ts';
import { AuditKey, AuditPublicKeys, openAuditKey } from '../services/audit-keys.ts';
import { CheckpointFile } from '../storage/checkpoint-file.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { AuditVerbParts } from './audit/audit-verb-parts.ts';
import { runExport } from './audit/export.ts';
import { runReport } from './audit/report.ts';
import { runTrust } from './audit/trust.ts';
import { runVerify } from './audit/verify.ts';
import { runVerifyExport } from './audit/verify-export.ts';
import { textOption } from './text-option.ts';
import type { Verb, VerbInput } from './verb.ts';

const PARTS: Readonly<Record<string, (parts: AuditVerbParts) => Promise<number>>> = {
  verify: runVerify,
  export: runExport,
  report: runReport,
  trust: runTrust,
};

/** `carebridge audit` */
export const audit: Verb = {
  details: `verify         reads the whole log and names every row and signature that is not as it was written; exit code 1 if there is one
                 --head SEQ:HASH  a head as it was posted to the security room: found out if the log was cut before it
                 --public-key FILE  keys (PEM) of checkpoints that were signed with an earlier key
export         writes entries and a signed manifest (FILE.manifest)
                 --out FILE  --format jsonl|csv|fhir  --by @you:server  [--from DAY --to DAY --user @user:server --room !room --reason WORDS]
report         prints the activity review of a period
                 --from DAY --to DAY  --by @you:server  [--reviewed  records that you reviewed it] [--reason WORDS  what came of it]
verify-export  compares an export with its manifest: --out FILE [--public-key FILE]
public-key     prints the key that verifies the signatures, for those who verify elsewhere
trust          takes the database's last checkpoint for the one to go on from, after a backup was restored; Carebridge must be stopped
                 --by @you:server  --reason WORDS

DAY is 2026-03-31 (the whole day, UTC) or a time such as 2026-03-31T12:00:00Z. The bridge may be running. That somebody reads the log is written into it.`,
  words: 'verify|export|report|verify-export|public-key|trust',
  options: {
    head: { type: 'string' },
    'public-key': { type: 'string' },
    out: { type: 'string' },
    format: { type: 'string' },
    by: { type: 'string' },
    reason: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    user: { type: 'string' },
    room: { type: 'string' },
    reviewed: { type: 'boolean' },
  },

  async run(input) {
    const [word = '', ...more] = input.words;
    const file = textOption(input, 'public-key');
    const given = file === undefined ? [] : AuditPublicKeys.fromPem(await readText(file));
    if (more.length === 0 && word === 'verify-export')
      return runVerifyExport(input, verifierOf(ownKey(input, file), given));
    if (more.length === 0 && word === 'public-key') {
      const key = ownKey(input);
      if (key === undefined) throw new UserError('There is no audit.signing_key yet: run carebridge register.');
      input.out(key.pem.trim());
      return 0;
    }
    const part = PARTS[word];
    if (part === undefined || more.length > 0)
      throw new UserError(
        'Say what to do: carebridge audit verify, export, report, verify-export, public-key or trust.',
      );
    const config = loadConfig(input.configPath, input.env);
    await using storage = await openStorage(config);
    const key = await openAuditKey(config.audit.signingKey, storage.auditTrail);
    const memory = new CheckpointFile(config.audit.checkpointFile);
    return await part({ input, config, storage, memory, key, verifier: verifierOf(key, given) });
  },
};

/** The configured key. Whoever verifies an export elsewhere has a public key and no configuration. */
function ownKey({ configPath, env }: VerbInput, publicKeyFile?: string): AuditKey | undefined {
  if (publicKeyFile !== undefined && !existsSync(configPath)) return undefined;
  const { signingKey } = loadConfig(configPath, env).audit;
  return signingKey === undefined ? undefined : new AuditKey(signingKey);
}

function verifierOf(key: AuditKey | undefined, given: readonly KeyObject[]): AuditPublicKeys {
  return new AuditPublicKeys(key === undefined ? given : [key.publicKey, ...given]);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}
