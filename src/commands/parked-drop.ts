import type { DropParked } from '../services/drop-parked.ts';
import { defineCommand, type Command } from './command.ts';
import { reasonParameter } from './parameters.ts';
import { referenceParameter } from './parked-argument.ts';
import { parkedAsData, parkedInWords } from './parked-in-words.ts';

/** `parked drop`: ends what was given up, for good. */
export function parkedDropCommand({ dropParked }: { readonly dropParked: DropParked }): Command {
  return defineCommand({
    name: 'parked drop',
    permission: 'manage-parked',
    where: 'command-room',
    effect: 'destroys',
    summary: 'give up for good what is parked: nobody will read it',
    details: 'A patient’s STOP that was not acted on is never dropped.',
    parameters: {
      reference: referenceParameter('what is dropped', 'a reference'),
      reason: reasonParameter('why'),
    },
    preview: async (_call, { reference }) => {
      const rows = await dropParked.look(reference);
      return {
        text: ['Drops for good:', ...rows.map(parkedInWords)].join('\n'),
        facts: rows.map(parkedAsData),
      };
    },
    run: async (_call, { reference }) => {
      const rows = await dropParked.run(reference);
      return {
        text: `Dropped: ${reference}. Its content is wiped after the usual time.`,
        data: { reference },
        audit: { before: rows.map(parkedAsData) },
      };
    },
  });
}
