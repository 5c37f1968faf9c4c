import { UserError } from '../errors.ts';
import { ALL_PARKED, type Retried, type RetryParked } from '../services/retry-parked.ts';
import { defineCommand, type Command } from './command.ts';
import { referenceParameter } from './parked-argument.ts';
import { parkedAsData, parkedInWords } from './parked-in-words.ts';

const MOST_SHOWN = 15;

/** `parked retry`: tries again what was given up. */
export function parkedRetryCommand({ retryParked }: { readonly retryParked: RetryParked }): Command {
  return defineCommand({
    name: 'parked retry',
    permission: 'manage-parked',
    where: 'command-room',
    effect: 'changes',
    summary: 'try again what was given up, in the order in which it came',
    details: `\`all\` means what came from patients, and the bot’s own messages. A text to a patient is retried only by its own reference: its author was
told that it was not sent, and may have sent it again; they are told of the retry too. A text that may already have left is never sent again.`,
    parameters: { which: referenceParameter('what is tried again', 'a reference, or all') },
    preview: async (_call, { which }) => {
      const { retried, refused } = await retryParked.look(which);
      if (retried.length + refused.length === 0) throw new UserError(await nothing(retryParked, which));
      const more = retried.length - MOST_SHOWN;
      return {
        text: [
          `${retried.length} would be tried again.`,
          ...retried.slice(0, MOST_SHOWN).map(parkedInWords),
          ...(more > 0 ? [`and ${more} more`] : []),
          ...inWords(refused),
        ].join('\n'),
        facts: retried.map(parkedAsData),
      };
    },
    run: async ({ isRepeat }, { which }) => {
      const { retried, refused } = await retryParked.run(which);
      if (retried.length + refused.length === 0) {
        const text = await nothing(retryParked, which);
        if (which === ALL_PARKED || isRepeat) return { text };
        throw new UserError(text);
      }
      const counts = { retried: retried.length, refused: refused.length };
      return {
        text: [...(retried.length > 0 ? [`${retried.length} tried again.`] : []), ...inWords(refused)].join('\n'),
        ...(retried.length === 0 && { outcome: 'failed' }),
        data: counts,
        audit: { after: counts },
      };
    },
  });
}

/** A line for each reason. */
function inWords(refused: Retried['refused']): string[] {
  const byReason = Map.groupBy(refused, ({ violation }) => violation.message);
  return [...byReason].map(([message, rows]) => `Not tried again (${rows.length}): ${message}`);
}

async function nothing(retryParked: RetryParked, which: string): Promise<string> {
  return which === ALL_PARKED ? 'Nothing is parked.' : retryParked.whyNothing(which);
}
