/** The registration file: what the homeserver and the bridge must both know of each other (application service API, section 2.1). */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppServiceRegistration, type AppServiceOutput } from 'matrix-appservice-bridge';
import { parseYaml } from '../config/parse-yaml.ts';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { SENDER_LOCALPART } from '../model/namespace.ts';

/** Unique on the homeserver, for ever. */
const APPSERVICE_ID = 'carebridge';

/** The settings that the file repeats for the homeserver. */
export interface RegistrationSettings {
  readonly domain: string;
  /** Where the homeserver reaches us. */
  readonly url: string;
  /** Localpart of the bot. */
  readonly bot: string;
  readonly ghostPrefix: string;
}

/** The two secrets, 256 bits each. */
export interface RegistrationTokens {
  readonly asToken: string;
  readonly hsToken: string;
}

/** What the bridge needs of its registration. */
export interface Registration extends RegistrationTokens {
  readonly id: string;
  readonly senderLocalpart: string;
  /** The same, for the bridge library. */
  readonly library: AppServiceRegistration;
}

/** A registration with fresh tokens, or with the given ones. */
export function makeRegistration(
  settings: RegistrationSettings,
  tokens: RegistrationTokens = freshTokens(),
): Registration {
  const library = new AppServiceRegistration(settings.url);
  library.setId(APPSERVICE_ID);
  library.setAppServiceToken(tokens.asToken);
  library.setHomeserverToken(tokens.hsToken);
  library.setSenderLocalpart(SENDER_LOCALPART);
  library.setRateLimited(false);
  const domain = escapeRegex(settings.domain);
  // Homeservers match from the start but not to the end, hence `$`: without it users of `<domain>.evil.example` would be ours.
  library.addRegexPattern('users', `^@${escapeRegex(settings.bot)}:${domain}$`, true);
  library.addRegexPattern('users', `^@${escapeRegex(settings.ghostPrefix)}.*:${domain}$`, true);
  library.addRegexPattern('aliases', `^#${escapeRegex(settings.ghostPrefix)}.*:${domain}$`, true);
  return { id: APPSERVICE_ID, senderLocalpart: SENDER_LOCALPART, ...tokens, library };
}

/** Writes the file, readable by its owner alone. Throws ConfigError where there is one already: its tokens may be in use. */
export function writeRegistration(path: string, registration: Registration): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Made with its mode before the first secret is in it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw problem(
        path,
        '',
        'the file exists already, and the homeserver may be using it',
        'Keep it, or move it away and run this again',
      );
    }
    throw problem(path, '', 'the file cannot be written', 'Check the folder and its permissions', error);
  }
  registration.library.outputAsYaml(path);
}

/** Reads the file and compares it with the settings. Throws ConfigError with everything that is wrong. */
export function readRegistration(path: string, settings: RegistrationSettings): Registration {
  const output = readOutput(path);
  const problems = findProblems(output, settings).map(([key, problem, fix]) => place(path, key, problem, fix));
  if (problems.length > 0) throw new ConfigError(sentence(problems), problems);
  const library = AppServiceRegistration.fromObject(output);
  return {
    id: output.id,
    asToken: output.as_token,
    hsToken: output.hs_token,
    senderLocalpart: output.sender_localpart,
    library,
  };
}

function readOutput(path: string): AppServiceOutput {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing) throw problem(path, '', 'there is no such file', 'Run `carebridge register` to write it');
    throw problem(path, '', 'the file cannot be read', 'Make it readable for the user that runs Carebridge', error);
  }
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch {
    // The parser quotes the text, tokens included: its error goes nowhere.
    throw problem(path, '', 'the file is not valid YAML', REWRITE);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw problem(path, '', 'the file is not a registration', REWRITE);
  return value as AppServiceOutput;
}

const REWRITE = 'Move it away, run `carebridge register`, give the new file to the homeserver and restart both';
const MIN_TOKEN_LENGTH = 32;

type Finding = readonly [key: string, problem: string, fix: string];

function findProblems(output: AppServiceOutput, settings: RegistrationSettings): Finding[] {
  const shape = findShapeProblems(output);
  return shape.length > 0 ? shape : findMismatches(output, settings);
}

function findShapeProblems(output: AppServiceOutput): Finding[] {
  const found: Finding[] = [];
  for (const key of ['id', 'url', 'as_token', 'hs_token', 'sender_localpart'] as const) {
    if (typeof output[key] !== 'string' || output[key] === '') found.push([key, 'it is missing', REWRITE]);
  }
  for (const key of ['as_token', 'hs_token'] as const) {
    const token: unknown = output[key];
    if (typeof token === 'string' && token !== '' && token.length < MIN_TOKEN_LENGTH)
      found.push([key, 'it can be guessed', REWRITE]);
  }
  if (output.as_token && output.as_token === output.hs_token)
    found.push(['hs_token', 'it is the same as as_token', REWRITE]);
  for (const kind of ['users', 'aliases'] as const) {
    const list: unknown = output.namespaces?.[kind];
    if (!Array.isArray(list) || !list.every(isNamespace))
      found.push([`namespaces.${kind}`, 'it is missing or malformed', REWRITE]);
  }
  return found;
}

function findMismatches(output: AppServiceOutput, settings: RegistrationSettings): Finding[] {
  const found: Finding[] = [];
  const { domain, bot, ghostPrefix, url } = settings;
  const library = AppServiceRegistration.fromObject(output);
  if (output.sender_localpart === bot) {
    found.push([
      'sender_localpart',
      'it is the bot, to which homeservers refuse /sync',
      `Set it to ${SENDER_LOCALPART}`,
    ]);
  }
  if (output.url !== url)
    found.push([
      'url',
      'it is not appservice.url of the configuration',
      'Make the two the same, and restart the homeserver',
    ]);
  const needs: [string, boolean][] = [
    [`@${bot}:${domain}`, library.isUserMatch(`@${bot}:${domain}`, true)],
    [`@${ghostPrefix}...:${domain}`, library.isUserMatch(`@${ghostPrefix}a:${domain}`, true)],
    [`#${ghostPrefix}...:${domain}`, library.isAliasMatch(`#${ghostPrefix}a:${domain}`, true)],
  ];
  for (const [name, isOurs] of needs) {
    if (!isOurs) found.push(['namespaces', `${name} is not reserved for the bridge`, REWRITE]);
  }
  if (output.rate_limited !== false) {
    found.push([
      'rate_limited',
      "patients' messages would be slowed down",
      'Set it to false, and restart the homeserver',
    ]);
  }
  return found;
}

function isNamespace(value: unknown): boolean {
  const { regex } = (value ?? {}) as { regex?: unknown };
  if (typeof regex !== 'string') return false;
  try {
    new RegExp(regex);
    return true;
  } catch {
    return false;
  }
}

function problem(file: string, key: string, problem: string, fix: string, cause?: unknown): ConfigError {
  const problems = [place(file, key, problem, fix)];
  return new ConfigError(sentence(problems), problems, cause === undefined ? {} : { cause });
}

function place(file: string, key: string, problem: string, fix: string): ConfigProblem {
  return { file, line: 1, column: 1, key, problem, fix };
}

function sentence(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, key, problem, fix }) => `Registration file ${file}${key && `, ${key}`}: ${problem}. ${fix}.`)
    .join('\n');
}

function freshTokens(): RegistrationTokens {
  return { asToken: AppServiceRegistration.generateToken(), hsToken: AppServiceRegistration.generateToken() };
}

/** The characters that both JavaScript and Python treat as special in a regular expression. */
function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
