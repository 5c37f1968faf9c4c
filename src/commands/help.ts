import type { Command } from './command.ts';

/** `help`: every command with its usage. */
export function helpCommand(prefix: string, commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    usage: 'help',
    summary: 'show this',
    permission: 'staff',
    run: async () =>
      [
        ...commands().map(({ usage, summary }) => `${prefix} ${usage}\n    ${summary}`),
        'In a patient’s room everything else you write is sent as a text, once the patient has consented.',
      ].join('\n'),
  };
}
