import type { InboxStore } from '../ports/inbox-store.ts';
import type { Lines } from './lines.ts';
import type { Notifier } from './notifier.ts';

/**
 * At start: reminds the administrators of texts that are parked because no line had their number, where one has it by now. Once for the same texts. They
 * are not retried by themselves: docs/parked.md says why.
 */
export async function tellLineAdded(parts: {
  readonly inbox: Pick<InboxStore, 'keptFor'>;
  readonly lines: Lines;
  readonly notifier: Pick<Notifier, 'tellAdmins'>;
  readonly prefix: string;
}): Promise<void> {
  const { inbox, lines, notifier, prefix } = parts;
  for (const { id, carrier, number } of lines.configured) {
    const { count, newest } = await inbox.keptFor(carrier, number);
    if (count === 0) continue;
    const what = `Texts that came to the number of line ${id} before it was configured, and are parked: ${count}.`;
    const next = `Now they can be put into their rooms, in order: \`${prefix} parked retry all\`. With \`--dry-run\` at its end it shows what it would do.`;
    await notifier.tellAdmins(`${what} ${next}`, { cause: `line-added:${id}:${newest}` });
  }
}
