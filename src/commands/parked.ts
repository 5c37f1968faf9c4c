import { PARKED_KINDS, type ParkedRow } from '../model/parked.ts';
import type { ParkedStores } from '../ports/parked-store.ts';
import { defineCommand, type Command } from './command.ts';
import { parkedAsData, parkedInWords } from './parked-in-words.ts';

/** More than a phone shows; the rest comes when these are dealt with. */
const MOST_SHOWN = 40;

/** `parked`: what was given up and waits for a person. */
export function parkedCommand({ parked }: { readonly parked: ParkedStores }): Command {
  return defineCommand({
    name: 'parked',
    permission: 'manage-parked',
    where: 'command-room',
    effect: 'reads',
    summary: 'list what was given up and is kept: its reference, when, what and why',
    details:
      'The reference is the one of the report, of the log and of the words in the room. Words and numbers are never shown.',
    parameters: {},
    run: async () => {
      const shown: ParkedRow[] = [];
      let count = 0;
      for (const kind of PARKED_KINDS) {
        count += await parked[kind].count();
        shown.push(...(await parked[kind].list(0, MOST_SHOWN - shown.length)));
      }
      if (count === 0) return { text: 'Nothing is parked.', data: [] };
      const more = count - shown.length;
      return {
        text: [...shown.map(parkedInWords), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
        data: shown.map(parkedAsData),
      };
    },
  });
}
