import type { SetUp } from '../services/set-up.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, textParameter } from './parameters.ts';

/** `setup`: a conversation that leads an administrator through the setting up. Between two turns plain words will do. */
export function setupCommand({ setUp }: { readonly setUp: SetUp }): Command {
  return defineCommand({
    name: 'setup',
    permission: 'set-up',
    where: 'command-room',
    effect: 'changes',
    summary: 'go through the set-up step by step, and see what is not yet compliant',
    details:
      'Goes on where you left it, also after a restart. `setup cancel` ends it, `setup status` shows how everything stands.',
    parameters: { answer: optional(textParameter('your answer to the last question', { maxLength: 2_000 })) },
    preview: async ({ sender }, { answer = '' }) => {
      const text = await setUp.preview(sender, answer);
      return { text, facts: { text } };
    },
    run: async ({ sender, room, eventId, trace }, { answer = '' }) => ({
      text: await setUp.answer({ actor: sender, roomId: room.roomId, words: answer, eventId, trace }),
    }),
  });
}
