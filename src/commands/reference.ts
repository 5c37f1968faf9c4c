import { PERMISSIONS } from '../model/permission.ts';
import type { Command, Where } from './command.ts';
import { EFFECTS } from './help.ts';

const PLACES: Readonly<Record<Where, string>> = {
  'command-room': 'in the command room or the security room',
  conversation: 'in a patient’s room',
  'command-or-conversation': 'in the command room or in a patient’s room',
  'any-governed': 'in any governed room',
};

/** The part of docs/commands.md that is made of the commands themselves. */
export function renderCommands(commands: readonly Command[], prefix: string): string {
  return commands.map((command) => section(command, prefix)).join('\n');
}

function section(command: Command, prefix: string): string {
  const { name, usage, summary, details, permission, where, effect } = command;
  const second = command.needsSecondPerson ? ' Somebody else, with permission `approve`, must confirm it.' : '';
  const lines = [
    `## ${name}`,
    '',
    `\`${prefix} ${usage}\``,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}. ${EFFECTS[effect]}${second}`,
    ...(details ? ['', details] : []),
    '',
    `Permission: \`${permission}\` (${PERMISSIONS[permission]}). Use it ${PLACES[where]}.`,
    '',
  ];
  const rows = [
    ...Object.entries(command.parameters).map(([key, parameter]) => {
      const { about, form, isOptional } = parameter;
      return `| \`${key}\` | ${cell(about)}${isOptional ? ' (optional)' : ''} | ${cell(form)} |`;
    }),
    ...Object.entries(command.options).map(([key, option]) =>
      'isFlag' in option
        ? `| \`--${key}\` | ${cell(option.about)} | |`
        : `| \`--${key}\` | ${cell(option.about)} | ${cell(option.form)} |`,
    ),
  ];
  const table = rows.length > 0 ? ['| | what it is | how it is written |', '| --- | --- | --- |', ...rows, ''] : [];
  return [...lines, ...table].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
