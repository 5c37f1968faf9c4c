import { UserError } from '../errors.ts';
import type { Lines } from '../services/lines.ts';
import type { OpenConversation } from '../services/open-conversation.ts';
import { defineCommand, type Command } from './command.ts';
import { linesOf } from './lines-of.ts';

/** `who`: the card again, for those who joined later and could not read it. */
export function whoCommand({ opener, lines }: { readonly opener: OpenConversation; readonly lines: Lines }): Command {
  return defineCommand({
    name: 'who',
    permission: 'text-patients',
    where: 'conversation',
    effect: 'reads',
    summary: 'in a patient’s room: show the name, the number’s last digits and the consent',
    parameters: {},
    run: async ({ room, sender }) => {
      linesOf(lines, sender);
      if (room.conversation === undefined) throw new UserError('Use this in a patient’s room.');
      return { text: await opener.card(room.conversation) };
    },
  });
}
