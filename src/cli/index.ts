/** The command line: `carebridge <verb>`. A new verb is one file and one line in `VERBS`. */
import { parseArgs } from 'node:util';
import { ConfigError, PermanentError, RetryableError, UserError } from '../errors.ts';
import type { Verb, VerbInput } from './verb.ts';
import { version } from './version.ts';

/** A verb as the help names it. Loaded when it is used: each needs other parts, and the demo's are not in every installation. */
interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Verb>;
}

/** Every verb, in the order of the help. */
export const VERBS: readonly VerbEntry[] = [
  {
    name: 'register',
    summary: 'writes the registration file for the homeserver, and the keys that are missing',
    load: async () => (await import('./register.ts')).register,
  },
  {
    name: 'check-config',
    summary: 'lists everything that is wrong with the configuration file',
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  {
    name: 'doctor',
    summary: 'tries out everything that Carebridge needs, and says what to do about what fails',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'policy-check',
    summary: 'lists the homeserver settings that still need changing, with the lines to write',
    load: async () => (await import('./policy-check.ts')).policyCheck,
  },
  {
    name: 'start',
    summary: 'runs the bridge until it is told to stop (SIGINT, SIGTERM)',
    load: async () => (await import('./start.ts')).start,
  },
  {
    name: 'demo',
    summary: 'shows everything, with a homeserver and phones of its own',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'audit',
    summary: 'verifies, exports and reports the audit log',
    load: async () => (await import('./audit.ts')).audit,
  },
  {
    name: 'archive',
    summary: 'exports what was said with a patient, and verifies the archive',
    load: async () => (await import('./archive.ts')).archiveVerb,
  },
  {
    name: 'roles',
    summary: 'imports a list of roles, and says who has which role now or had it then',
    load: async () => (await import('./roles.ts')).rolesVerb,
  },
  {
    name: 'admin',
    summary: 'helps administrators who are locked out, and locks out others, when no command can be typed',
    load: async () => (await import('./admin.ts')).admin,
  },
  {
    name: 'reset-crypto',
    summary: 'throws away the encryption keys of the bot and the ghosts, to begin with new ones',
    load: async () => (await import('./reset-crypto.ts')).resetCryptoVerb,
  },
];

/** What the command line is run with. */
export type Terminal = Pick<VerbInput, 'env' | 'signal' | 'out' | 'err'>;

/** Wrong use of the command line. */
const USAGE_ERROR = 2;

/** Runs `args` (without the program's name) and returns the exit code: 0, 1 where something is wrong, 2 for wrong use. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    terminal.out(helpText());
    return word === undefined ? USAGE_ERROR : 0;
  }
  if (word === '--version') {
    terminal.out(version());
    return 0;
  }
  const verb = VERBS.find(({ name }) => name === word);
  if (verb === undefined) {
    terminal.err(`There is no verb of that name. Use one of ${VERBS.map(({ name }) => name).join(', ')}.`);
    return USAGE_ERROR;
  }
  return runVerb(verb, rest, terminal);
}

async function runVerb(entry: VerbEntry, args: string[], terminal: Terminal): Promise<number> {
  const verb = await entry.load();
  let values: VerbInput['options'];
  let words: readonly string[];
  try {
    const common = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
    const allowPositionals = verb.words !== undefined;
    ({ values, positionals: words } = parseArgs({ args, options: { ...verb.options, ...common }, allowPositionals }));
  } catch (error) {
    terminal.err(`${(error as Error).message}\n\n${verbHelp(entry, verb)}`);
    return USAGE_ERROR;
  }
  const { help, config, ...options } = values;
  if (help === true) {
    terminal.out(verbHelp(entry, verb));
    return 0;
  }
  const configPath = typeof config === 'string' ? config : terminal.env['CAREBRIDGE_CONFIG'] || 'config.yaml';
  try {
    return await verb.run({ ...terminal, configPath, options, words });
  } catch (error) {
    terminal.err(describeFault(error));
    return 1;
  }
}

/** What is written about an error that ends the program: only our own errors' words, since those of others may hold what must not be shown. */
export function describeFault(error: unknown): string {
  if (error instanceof ConfigError || error instanceof UserError) return error.message;
  if (error instanceof RetryableError || error instanceof PermanentError)
    return `${error.message} \`carebridge doctor\` looks for what is behind it.`;
  const { name = 'Error', code, message = '', stack = '' } = (error ?? {}) as Partial<Error> & { code?: unknown };
  // The message stands at the top of the stack, and its lines may look like frames.
  const at = stack.indexOf(message);
  const frames = at === -1 ? [] : stack.slice(at + message.length).split('\n');
  const what = [name, code].filter((word) => typeof word === 'string' && /^[\w.-]{1,64}$/.test(word)).join(' ');
  return [
    `This is a fault of Carebridge itself (${what}). Please report it with these lines:`,
    ...frames.filter((line) => /^\s+at /.test(line)),
  ].join('\n');
}

function helpText(): string {
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  return [
    'carebridge <verb> [--config PATH]',
    '',
    ...VERBS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'The configuration is --config, else CAREBRIDGE_CONFIG, else config.yaml in this folder.',
    'carebridge <verb> --help says more.',
  ].join('\n');
}

function verbHelp({ name, summary }: VerbEntry, { details, options = {}, words }: Verb): string {
  const own = Object.entries(options).map(([option, { type }]) => ` [--${option}${type === 'string' ? ' VALUE' : ''}]`);
  const usage = ['carebridge', name, ...(words === undefined ? [] : [words]), `[--config PATH]${own.join('')}`].join(
    ' ',
  );
  return `${usage}\n\n${summary}\n\n${details}`;
}
