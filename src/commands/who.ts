import { UserError } from '../errors.ts';
import type { OpenConversation } from '../services/open-conversation.ts';
import type { Command } from './command.ts';

/** `who`: the card again, for those who joined later and could not read it. */
export function whoCommand(opener: OpenConversation): Command {
  return {
    name: 'who',
    usage: 'who',
    summary: 'in a patient’s room: show the name, the number’s last digits and the consent',
    permission: 'team',
    run: async ({ room }) => {
      if (room.conversation === undefined) throw new UserError('Use this in the room of a patient.');
      return opener.card(room.conversation);
    },
  };
}
