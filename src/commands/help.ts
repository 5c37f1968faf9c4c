import { UserError } from '../errors.ts';
import type { PolicyInEffect } from '../services/policy-in-effect.ts';
import { defineCommand, type Command } from './command.ts';
import { commandRefusal } from './gate.ts';
import { optional, textParameter } from './parameters.ts';

/** What help needs. */
export interface HelpCommandParts {
  readonly prefix: string;
  readonly policy: Pick<PolicyInEffect, 'current'>;
}

/** `help`: the commands that the caller may use; `help <name>`: one of them in full. */
export function helpCommand({ prefix, policy }: HelpCommandParts, commands: () => readonly Command[]): Command {
  return defineCommand({
    name: 'help',
    permission: 'use-commands',
    where: 'any-governed',
    effect: 'reads',
    summary: 'show this, or one command in full',
    parameters: { command: optional(textParameter('the name of a command')) },
    run: async ({ sender }, { command: name }) => {
      const current = await policy.current();
      const mine = commands().filter((command) => commandRefusal(current, sender, command) === undefined);
      if (name === undefined) return { text: listOf(prefix, mine), data: mine.map((command) => command.name) };
      const asked = name.toLowerCase().split(/\s+/u).join(' ');
      const found = mine.filter((command) => command.name === asked || command.name.startsWith(`${asked} `));
      if (found.length === 0) throw new UserError('There is no such command that you may use.');
      return { text: found.map((command) => detailsOf(prefix, command)).join('\n\n') };
    },
  });
}

function listOf(prefix: string, commands: readonly Command[]): string {
  return [
    ...commands.map(({ usage, summary }) => `${prefix} ${usage}\n    ${summary}`),
    'In a patient’s room everything else you write is sent as a text, once the patient has consented.',
  ].join('\n');
}

/** What each effect means to whoever types the command. */
export const EFFECTS: Readonly<Record<Command['effect'], string>> = {
  reads: 'Answers at once.',
  changes: 'Done at once. --dry-run only shows what would be done.',
  destroys: 'Shown first, and done once it is confirmed. --dry-run only shows it.',
};

function detailsOf(prefix: string, command: Command): string {
  const parameters = Object.entries(command.parameters).map(
    ([name, { about, form }]) => `  ${name}: ${about} (${form})`,
  );
  const options = Object.entries(command.options).map(([name, { about }]) => `  --${name}: ${about}`);
  const effect = command.needsSecondPerson
    ? `${EFFECTS[command.effect]} Somebody else must confirm it.`
    : EFFECTS[command.effect];
  return [
    `${prefix} ${command.usage}`,
    command.summary,
    ...parameters,
    ...options,
    effect,
    ...(command.details ? [command.details] : []),
  ].join('\n');
}
