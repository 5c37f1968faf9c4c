import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument, type ErrorCode } from 'yaml';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { checkTogether } from './checks.ts';
import type { Config } from './config.ts';
import { formatProblem, Problems, type Report } from './problems.ts';
import { Reader } from './reader.ts';
import { SCHEMA, type IncompleteValues, type Values } from './schema.ts';
import type { MakeKey } from './secret-source.ts';
import { toConfig } from './to-config.ts';

/** Where secrets may be besides the file: `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the configuration file. Throws ConfigError with everything that is wrong; its message has one line for each.
 * `makeKey` is asked for keys whose file is missing (`carebridge register`); without it a missing key is a problem.
 */
export function loadConfig(path: string, env: Environment, makeKey?: MakeKey): Config {
  const text = readText(path);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const problems = new Problems(path, lineCounter);
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const [problem, fix] = SYNTAX[code] ?? ['this is not valid YAML', 'check indentation, quotes and colons here'];
    problems.add('', problem, fix, pos[0]);
  }
  // After an error of syntax the rest is guessed, and its problems would not be real ones.
  if (problems.list.length > 0) throw configError(problems.list);

  const folder = dirname(resolve(path));
  const reader = new Reader(document, { folder, env, problems, makeKey });
  // The reader follows the schema, from which both types are made.
  const values = reader.read(SCHEMA) as IncompleteValues | undefined;
  // What could not be read looks as if it were missing: one problem of a setting is enough.
  const unread = new Set(problems.list.map(({ key }) => key));
  const report: Report = (key, problem, fix) => {
    if (!unread.has(key)) problems.add(key, problem, fix);
  };
  if (values !== undefined) checkTogether(values, report);
  if (problems.list.length > 0) throw configError(problems.list);
  return toConfig(values as Values, folder);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT';
    const problem = isMissing ? 'there is no such file' : `the file cannot be read (${code})`;
    const fix = isMissing
      ? 'copy config/config.sample.yaml there, or name another file with --config'
      : 'make it readable for the user that runs Carebridge';
    throw configError([{ file: path, line: 1, column: 1, key: '', problem, fix }], error);
  }
}

function configError(problems: readonly ConfigProblem[], cause?: unknown): ConfigError {
  return new ConfigError(problems.map(formatProblem).join('\n'), problems, cause === undefined ? {} : { cause });
}

/** The parser's own words may quote the file, secrets included; these cannot. */
const SYNTAX: Partial<Record<ErrorCode, readonly [problem: string, fix: string]>> = {
  BAD_INDENT: ['the indentation does not fit', 'align it with its neighbours, two spaces a level'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'use spaces'],
  MISSING_CHAR: ['a quote, bracket, comma or colon is missing', 'add it here or just before'],
  UNEXPECTED_TOKEN: ['something is written here that does not belong here', 'put the value in quotes, or remove it'],
  BAD_SCALAR_START: ['a value starts with a character that has a meaning in YAML', 'put the value in quotes'],
  MULTILINE_IMPLICIT_KEY: ['a name goes over more than one line', 'check the colon after it, and the quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['two names and colons are on one line', 'put the value in quotes, or on a line of its own'],
  BAD_ALIAS: ['an alias (*) has no anchor (&)', 'put the value in quotes'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes is not an escape', 'use single quotes'],
  MULTIPLE_DOCS: ['a second document starts', 'remove the line ---'],
  TAG_RESOLVE_FAILED: ['a tag (!) is not known', 'put the value in quotes'],
};
