import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { timeOf } from '../commands/time-argument.ts';
import { loadConfig } from '../config/load-config.ts';
import { UserError } from '../errors.ts';
import { silentLogger } from '../log.ts';
import { newOpaqueId, parseUserId, type UserId } from '../model/ids.ts';
import { applyAbsences } from '../services/act-on-account.ts';
import { CarePolicyView } from '../services/care-policy-view.ts';
import { ImportRoles } from '../services/import-roles.ts';
import { Lines } from '../services/lines.ts';
import { ListRoles } from '../services/list-roles.ts';
import { changesInWords, problemsInWords } from '../services/role-words.ts';
import { openStorage, type Storage } from '../storage/open-storage.ts';
import type { Verb, VerbInput } from './verb.ts';

/** `carebridge roles` */
export const rolesVerb: Verb = {
  details: `import FILE  makes the roles that lists gave those of this list (CSV with the columns user,role); others are left alone
             --dry-run  only shows what would change
             --by @you:server  who imports, for the audit log
list         prints who has which role, as CSV: user,role,source,since,by
             --at 2026-03-31T12:00Z  what was in effect then; a day (2026-03-31) is its end

The bridge may be running: it follows within seconds.`,
  words: 'import FILE|list',
  options: { 'dry-run': { type: 'boolean' }, by: { type: 'string' }, at: { type: 'string' } },

  async run(input) {
    const [word, file, ...more] = input.words;
    const config = loadConfig(input.configPath, input.env);
    if (word === 'list' && file === undefined) {
      await using storage = await openStorage(config);
      return await list(input, storage);
    }
    if (word === 'import' && file !== undefined && more.length === 0) {
      const text = await readText(file);
      await using storage = await openStorage(config);
      return await importList(input, config, storage, text);
    }
    throw new UserError('Say what to do: carebridge roles import FILE, or carebridge roles list.');
  },
};

async function importList(
  { options, out, err }: VerbInput,
  config: Config,
  storage: Storage,
  text: string,
): Promise<number> {
  const isDryRun = options['dry-run'] === true;
  const by = parseUserId(options['by']);
  if (by === undefined && !isDryRun) throw new UserError('Say who imports, for the audit log: --by @you:server.');
  const importer = { kind: 'operator' as const, by: by ?? ('' as UserId), runId: `roles-import:${newOpaqueId()}` };
  const lines = new Lines(config.lines, config.admins);
  const policy = new CarePolicyView({
    ...config,
    ...storage,
    roleStore: storage.roles,
    roles: config.roles,
    classes: config.phiClasses,
    namespace: {
      bot: `@${config.appservice.bot}:${config.homeserver.domain}` as UserId,
      ghostPrefix: config.appservice.ghostPrefix,
      domain: config.homeserver.domain,
    },
    lines,
    log: silentLogger,
  });
  await applyAbsences({ ...storage, lines, policy, recordConfigured: undefined });
  const roles = new ImportRoles({ ...storage, policy });
  const plan = isDryRun ? await roles.plan(text, importer) : await roles.run(text, importer, newOpaqueId(8));
  if (plan.outcome === 'refused') {
    err(`Nothing was imported:\n${problemsInWords(plan.problems, Infinity)}`);
    return 1;
  }
  out(changesInWords(plan.changes, plan.unchanged, Infinity));
  if (isDryRun) out('Nothing was changed (--dry-run).');
  return 0;
}

async function list({ options, out }: VerbInput, storage: Storage): Promise<number> {
  const typed = options['at'];
  const at = typeof typed === 'string' ? timeOf(typed) : undefined;
  const { assignments } = await new ListRoles(storage).run({ at });
  out('user,role,source,since,by');
  for (const { userId, roleId, source, since, givenBy } of assignments) {
    out([userId, roleId, source, new Date(since).toISOString(), givenBy].join(','));
  }
  return 0;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}
