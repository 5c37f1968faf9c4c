import { userInfo } from 'node:os';
import { loadConfig } from '../config/load-config.ts';
import { UserError } from '../errors.ts';
import { newOpaqueId, parseUserId } from '../model/ids.ts';
import { actOnHost, type HostRequest } from '../services/act-on-host.ts';
import type { AdminPart } from './admin/admin-part.ts';
import { Host } from './admin/host.ts';
import { ADMIN_PARTS } from './admin/index.ts';
import { who } from './admin/who.ts';
import { neededOption, neededUser, textOption } from './text-option.ts';
import type { Verb, VerbInput } from './verb.ts';

const usageOf = ({ name, words }: AdminPart): string => [name, '@user', ...words].join(' ');
const width = Math.max(...ADMIN_PARTS.map((part) => usageOf(part).length));

/** `carebridge admin` */
export const admin: Verb = {
  details: `${'who'.padEnd(width)}  says who can administer now, and what keeps the others from it; changes nothing
${ADMIN_PARTS.map((part) => [usageOf(part).padEnd(width), part.summary.join(`\n${' '.repeat(width + 2)}`)].join('  ')).join('\n')}

Required, except for who: --by @you:server, who you are, and --reason WORDS; both go into the audit log, with your login on this host.
--ticket NUMBER goes there too. If the user administers the homeserver, a second person must agree: --confirmed-by @them:server.

For emergencies in which nobody can type a command in Element. The bridge may be running or not; a running one takes everything over within seconds.
What is to be done is in the audit log before it is done. Exit code 0 if all was done and verified, else 1. It can always be run again.`,
  words: 'who|WHAT @user ...',
  options: {
    by: { type: 'string' },
    reason: { type: 'string' },
    ticket: { type: 'string' },
    'confirmed-by': { type: 'string' },
    'end-sessions': { type: 'boolean' },
  },

  async run(input) {
    const [what = '', ...words] = input.words;
    if (what === 'who' && words.length === 0) {
      await using host = await Host.open(loadConfig(input.configPath, input.env));
      return await who(host, input.out);
    }
    const part = ADMIN_PARTS.find(({ name }) => name === what);
    if (part === undefined) {
      const names = ['who', ...ADMIN_PARTS.map(({ name }) => name)].join(', ');
      throw new UserError(`Say what to do: carebridge admin ${names}. Nothing was done.`);
    }
    const request = readRequest(part, words, input);
    await using host = await Host.open(loadConfig(input.configPath, input.env));
    const parts = { ...host.storage, security: host.security };
    const { outcome, text } = await actOnHost(parts, request, () =>
      part.run({ host, request, words: words.slice(1), options: input.options }),
    );
    (outcome === 'done' ? input.out : input.err)(text);
    return outcome === 'done' ? 0 : 1;
  },
};

/** Throws UserError where anything is missing or too much: nothing is guessed. */
function readRequest(part: AdminPart, words: readonly string[], input: VerbInput): HostRequest {
  const [typed, ...rest] = words;
  if (typed === undefined || rest.length !== part.words.length)
    throw new UserError(`Write: carebridge admin ${usageOf(part)} --by @you:server --reason WORDS. Nothing was done.`);
  const target = parseUserId(typed);
  if (target === undefined)
    throw new UserError('The user is a whole id such as @lee:hospital.example. Nothing was done.');
  return {
    what: part.name,
    actor: neededUser(input),
    confirmedBy: textOption(input, 'confirmed-by') === undefined ? undefined : neededUser(input, 'confirmed-by'),
    target,
    eventId: undefined,
    trace: newOpaqueId(),
    systemUser: userInfo().username,
    reason: neededOption(input, 'reason'),
    ticket: textOption(input, 'ticket'),
  };
}
