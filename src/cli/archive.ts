import { userInfo } from 'node:os';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, UserError } from '../errors.ts';
import { silentLogger } from '../log.ts';
import { newOpaqueId, type ConversationId } from '../model/ids.ts';
import { parsePhoneNumber } from '../model/phone-number.ts';
import type { MessageArchive } from '../ports/message-archive.ts';
import { ArchiveMessages } from '../services/archive-messages.ts';
import { openAuditKey } from '../services/audit-keys.ts';
import { ExportArchive } from '../services/export-archive.ts';
import { verifyArchive } from '../services/verify-archive.ts';
import { openArchive } from '../storage/archive/open-archive.ts';
import { openStorage, type Storage } from '../storage/open-storage.ts';
import { manifestOf } from './audit/export.ts';
import { LineFile } from './audit/line-file.ts';
import { neededOption, neededUser, textOption } from './text-option.ts';
import type { Verb, VerbInput } from './verb.ts';

/** `carebridge archive` */
export const archiveVerb: Verb = {
  details: `export  writes what was said with a patient, as JSON Lines, and a signed manifest (FILE.manifest, for carebridge audit verify-export)
          --number NUMBER | --conversation ID  --out FILE  --by @you:server  --reason WORDS
verify  reads the whole archive and names every row that is not as it was written; exit code 1 if there is one
          --by @you:server

The bridge may be running. Who exported which conversation, and who verified, is written into the audit log before it is done.`,
  words: 'export|verify',
  options: {
    number: { type: 'string' },
    conversation: { type: 'string' },
    out: { type: 'string' },
    by: { type: 'string' },
    reason: { type: 'string' },
  },

  async run(input) {
    const [word = '', ...more] = input.words;
    const part = word === 'export' ? runExport : word === 'verify' ? runVerify : undefined;
    if (part === undefined || more.length > 0)
      throw new UserError('Say what to do: carebridge archive export, or carebridge archive verify.');
    const config = loadConfig(input.configPath, input.env);
    await using storage = await openStorage(config);
    await using archive = await openArchive(config.archive);
    if (archive === undefined) throw new ConfigError('There is no archive.key: nothing was ever archived here.');
    return await part(input, config, storage, archive);
  },
};

async function runExport(input: VerbInput, config: Config, storage: Storage, archive: MessageArchive): Promise<number> {
  const signer = await openAuditKey(config.audit.signingKey, storage.auditTrail);
  if (signer === undefined)
    throw new UserError('An export is signed, and there is no audit.signing_key yet: run carebridge register.');
  const [by, reason, path] = [neededUser(input), neededOption(input, 'reason'), neededOption(input, 'out')];
  const conversations = await conversationsOf(input, config, storage);
  // What the bridge was just told of is still on its way.
  const { archiveQueue } = storage;
  await new ArchiveMessages({ archiveQueue, archive, notifier: NOBODY, log: silentLogger }).run();
  const file = await LineFile.create(path);
  const manifest = await LineFile.create(manifestOf(path)).catch(async (error: unknown) => {
    await file.discard();
    throw error;
  });
  try {
    const { rows } = await new ExportArchive({ archive, log: storage.audit, signer }).run({
      conversations,
      by,
      reason,
      details: { systemUser: userInfo().username },
      writeLine: file.write,
      writeManifest: manifest.write,
    });
    await file.finish();
    await manifest.finish();
    input.out(`${rows} records in ${file.path}, signed in ${manifest.path}.`);
    return 0;
  } catch (error) {
    await file.discard();
    await manifest.discard();
    throw error;
  }
}

const NOBODY = { tellAdmins: async () => undefined };

/** The conversation that is named, or those of a number on every line. */
async function conversationsOf(input: VerbInput, config: Config, storage: Storage): Promise<readonly ConversationId[]> {
  const [id, typed] = [textOption(input, 'conversation'), textOption(input, 'number')];
  if ((id === undefined) === (typed === undefined))
    throw new UserError('Say whose: --number or --conversation, one of the two.');
  if (id !== undefined) {
    const known = await storage.conversations.find(id as ConversationId);
    if (known === undefined) throw new UserError('There is no such conversation.');
    return [known.id];
  }
  const number = parsePhoneNumber(typed ?? '', config.practice.country);
  if (number === undefined) throw new UserError('That is not a full phone number.');
  const address = await storage.conversations.findAddress(number);
  const known = address === undefined ? [] : await storage.conversations.findByAddress(address.id);
  if (known.length === 0) throw new UserError('There is no conversation with that number.');
  return known.map((conversation) => conversation.id);
}

async function runVerify(input: VerbInput, _: Config, storage: Storage, archive: MessageArchive): Promise<number> {
  const trace = newOpaqueId();
  const about = { actor: neededUser(input), trace, cause: 'command line' } as const;
  const details = { systemUser: userInfo().username };
  await storage.audit.append({
    id: `archive.verify:${trace}`,
    action: 'archive.verify',
    outcome: 'done',
    ...about,
    details,
  });
  const { rows, head, faults } = await verifyArchive(archive, (seq, problem) => input.out(`Row ${seq} ${problem}.`));
  input.out(`${rows} rows.`);
  if (head !== undefined) input.out(`Head: ${head.seq}:${head.hash}`);
  input.out(faults === 0 ? 'The archive is whole.' : `The archive is NOT as it was written: ${faults} faults.`);
  const outcome = faults === 0 ? 'done' : 'failed';
  const found = { rows, faults, head };
  await storage.audit.append({
    id: `archive.verified:${trace}`,
    action: 'archive.verified',
    outcome,
    ...about,
    details: found,
  });
  return faults === 0 ? 0 : 1;
}
