import type { TypedCommand } from '../services/handle-staff-message.ts';
import type { Command } from './command.ts';
import { findCommand, type FoundCommand } from './read-line.ts';
import type { LineRefusal } from './refuse-line.ts';
import { typedWords } from './typed-words.ts';

/** A command that somebody typed. */
export interface TypedLine extends FoundCommand {
  /** All of it, without the prefix. */
  readonly line: string;
}

/** A line that names no command, or must not be run whatever it names. */
interface NotRun {
  readonly refusal: LineRefusal;
  /** What it names. */
  readonly found?: FoundCommand | undefined;
}

/** Which command was typed; a line with nothing after the prefix asks for help. `typed.text` starts with the prefix, or looks like a mistyped command. */
export function findTyped(
  byName: ReadonlyMap<string, Command>,
  prefix: string,
  typed: TypedCommand,
): TypedLine | NotRun {
  const help = `Try \`${prefix} help\`.`;
  const text = typedWords(typed.text, typed.formattedBody);
  const match = new RegExp(`^${escapeRegExp(prefix)}(?:\\s+(.*))?$`, 'isu').exec(text);
  if (match === null) return unknown(`This looks like a command, so it was not sent to the patient. ${help}`);
  const line = match[1]?.trim() || 'help';
  const found = findCommand(byName, line);
  if (typed.isEdit) return { refusal: EDITED, found };
  if (found === undefined) return unknown(`${notFound(byName, line)} Nothing was done or sent. ${help}`);
  return { ...found, line };
}

const EDITED: LineRefusal = {
  code: 'edited',
  text: 'Refused: commands are not run from edits. Type it as a new message.',
};

function unknown(text: string): NotRun {
  return { refusal: { code: 'unknown', text } };
}

function notFound(byName: ReadonlyMap<string, Command>, line: string): string {
  const first = /^\S+/.exec(line)?.[0].toLowerCase() ?? '';
  const more = [...byName.keys()].filter((name) => name.startsWith(`${first} `));
  return more.length === 0 ? 'There is no such command.' : `Say which: ${more.join(', ')}.`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
