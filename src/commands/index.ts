import { cancelCommand } from './cancel.ts';
import type { Command } from './command.ts';
import { confirmCommand, type Decide } from './confirm.ts';
import { consentCommand, type ConsentCommandParts } from './consent.ts';
import { helpCommand, type HelpCommandParts } from './help.ts';
import { textCommand, type TextCommandParts } from './text.ts';
import { whoCommand } from './who.ts';

/** Everything that some command needs. */
export type CommandParts = TextCommandParts & ConsentCommandParts & HelpCommandParts & { readonly decide: Decide };

/** The explicit list of commands. A new command is one file and one line here. */
export function commandList(parts: CommandParts): readonly Command[] {
  const commands: Command[] = [
    textCommand(parts),
    consentCommand(parts),
    whoCommand(parts),
    confirmCommand(parts.decide),
    cancelCommand(parts.decide),
    helpCommand(parts, () => commands),
  ];
  return commands;
}
