/** What somebody typed after the prefix, taken apart. */
import { UserError } from '../errors.ts';
import type { Command, ReadArguments } from './command.ts';
import type { Flag, Parameter } from './parameters.ts';
import type { ReadContext } from './read-context.ts';

/** A command's line: which it is, and the rest as it was typed. */
export interface FoundCommand {
  readonly command: Command;
  readonly rest: string;
  /** In place of what `rest` says, where nobody typed it. */
  readonly given?: ReadArguments;
}

/** What the line asks for. */
export interface ReadLine {
  readonly args: ReadArguments;
  readonly isDryRun: boolean;
  readonly ticket: string | undefined;
}

/** The command with the longest name that the line starts with, or undefined. Capitals do not matter. */
export function findCommand(byName: ReadonlyMap<string, Command>, line: string): FoundCommand | undefined {
  const [, first = '', second = '', rest = ''] = /^(\S+)(?:\s+(\S+))?(?:\s+(.*))?$/su.exec(line.trim()) ?? [];
  const long = byName.get(`${first} ${second}`.toLowerCase());
  if (long !== undefined) return { command: long, rest: rest.trim() };
  const short = byName.get(first.toLowerCase());
  return short && { command: short, rest: line.trim().slice(first.length).trim() };
}

/** Reads `rest` as the command declares it. Throws UserError for what is missing, wrong or too much. */
export async function readLine({ command, rest, given: known }: FoundCommand, context: ReadContext): Promise<ReadLine> {
  if (known !== undefined) return { args: known, isDryRun: false, ticket: undefined };
  const { words, given } = takeOptions(rest, command);
  const args: Record<string, unknown> = await readOptions(command, given, context);
  let left = words;
  for (const [name, parameter] of Object.entries(command.parameters)) {
    if (left === '' && parameter.isOptional) args[name] = undefined;
    else if (left === '')
      throw new UserError(parameter.missing ?? `Nothing was done: ${name} is missing (${parameter.about}).`);
    else ({ value: args[name], rest: left } = await parameter.read(left, context));
  }
  if (left !== '') throw new UserError('Nothing was done: there are more words than this command takes.');
  return { args: args as ReadArguments, isDryRun: given.has('dry-run'), ticket: readTicket(given) };
}

/**
 * Phones make one long dash of two hyphens. A word that starts as an option does and is none is refused wherever it stands: taken for words, a mistyped
 * `--dry-run` would do what was only to be shown.
 */
const OPTION = /(?<=^|\s)(?:--(?=[^\s-])|[\u2012-\u2015](?=[\p{L}\p{Cf}]))([^\s=]+)(?:=(\S*))?/gu;
const TICKET = /^[\w.#/:-]{1,64}$/;

function takeOptions(line: string, command: Command): { words: string; given: Map<string, string> } {
  const given = new Map<string, string>();
  const known = new Set([
    ...Object.keys(command.options),
    'ticket',
    ...(command.effect === 'reads' ? [] : ['dry-run']),
  ]);
  let words = '';
  let end = 0;
  for (const match of line.matchAll(OPTION)) {
    const [typed, raw = ''] = match;
    const name = raw.toLowerCase();
    if (!known.has(name)) throw new UserError(unknownOption(raw, known));
    if (given.has(name)) throw new UserError(`--${name} is there twice. Nothing was done.`);
    words += line.slice(end, match.index);
    end = match.index + typed.length;
    const after = takesNone(command, name) ? undefined : /^\s+(?!--)(\S+)/u.exec(line.slice(end));
    if (match[2] === undefined && after) end += after[0].length;
    given.set(name, match[2] ?? after?.[1] ?? '');
  }
  words += line.slice(end);
  return { words: words.trim(), given };
}

function takesNone(command: Command, name: string): boolean {
  const option = command.options[name];
  return name === 'dry-run' || (option !== undefined && 'isFlag' in option);
}

function unknownOption(name: string, known: ReadonlySet<string>): string {
  const options = [...known].map((option) => `--${option}`).join(', ');
  return `Nothing was done: there is no option --${name.slice(0, 40)} here. Options: ${options}. If the dash is not an option, put a space after it.`;
}

async function readOptions(command: Command, given: ReadonlyMap<string, string>, context: ReadContext) {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(command.options)) {
    values[name] =
      'isFlag' in option ? readFlag(name, given) : await readOption(name, option, given.get(name), context);
  }
  if (given.has('dry-run') && given.get('dry-run') !== '')
    throw new UserError('--dry-run takes no value. Nothing was done.');
  return values;
}

function readFlag(name: string, given: ReadonlyMap<string, string>): boolean {
  const value = given.get(name);
  if (value !== undefined && value !== '') throw new UserError(`--${name} takes no value. Nothing was done.`);
  return value !== undefined;
}

async function readOption(
  name: string,
  option: Exclude<Parameter<unknown>, Flag>,
  value: string | undefined,
  context: ReadContext,
): Promise<unknown> {
  if (value === undefined) return undefined;
  if (value === '') throw new UserError(`Nothing was done: --${name} needs a value (${option.form}).`);
  return (await option.read(value, context)).value;
}

function readTicket(given: ReadonlyMap<string, string>): string | undefined {
  const ticket = given.get('ticket');
  if (ticket !== undefined && !TICKET.test(ticket)) {
    throw new UserError(
      'Nothing was done: --ticket needs the number of a ticket, without spaces, e.g. --ticket INC-1234.',
    );
  }
  return ticket;
}
