import type { OpenConversation } from '../services/open-conversation.ts';
import type { Command } from './command.ts';
import { consentCommand, type ConsentCommandParts } from './consent.ts';
import { helpCommand } from './help.ts';
import { textCommand, type TextCommandParts } from './text.ts';
import { whoCommand } from './who.ts';

/** Everything that some command needs. */
export type CommandParts = TextCommandParts &
  ConsentCommandParts & { readonly opener: OpenConversation; readonly prefix: string };

/** The explicit list of commands. A new command is one file and one line here. */
export function commandList(parts: CommandParts): readonly Command[] {
  const commands: Command[] = [
    textCommand(parts),
    consentCommand(parts),
    whoCommand(parts.opener),
    helpCommand(parts.prefix, () => commands),
  ];
  return commands;
}
