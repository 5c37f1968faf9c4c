import type { JsonValue } from '../model/json.ts';
import type { RoomChange } from '../model/room-change.ts';
import { subjectOf } from '../policy/who-changed.ts';

/** As much as a phone shows. */
const MOST_LINES = 15;
const MOST_NAMES = 20;

/** What would be done to a room, for people before they say yes. */
export interface ChangesInWords {
  readonly lines: readonly string[];
  /** All of it, also what the words leave out. */
  readonly facts: JsonValue;
  readonly removed: readonly string[];
  readonly count: number;
}

/** Puts changes into words: what is changed, who is let out, who is asked in, and what only people can do. */
export function changesInWords(changes: readonly RoomChange[]): ChangesInWords {
  const of = (kind: RoomChange['kind']) => changes.filter((change) => change.kind === kind);
  const users = (kind: 'invite' | 'remove' | 'unban') =>
    changes.flatMap((change) => (change.kind === kind ? [change.userId as string] : []));
  const removed = users('remove');
  const state = [...of('set-state'), ...of('remove-alias')].map(({ why }) => why);
  const cannot = [...new Set(of('report').map(({ why }) => why))];
  const encrypts = changes.some((change) => change.kind === 'set-state' && change.type === 'm.room.encryption');
  return {
    removed,
    count: changes.length,
    facts: changes.map(subjectOf).toSorted(),
    lines: [
      ...list('Would be changed:', state),
      ...(encrypts ? ['Encryption cannot be taken back.'] : []),
      ...(removed.length > 0 ? [`Would be removed (${removed.length}): ${names(removed)}`] : []),
      ...(users('invite').length > 0 ? [`Would be invited: ${names(users('invite'))}`] : []),
      ...list('The bot cannot fix:', cannot),
      ...(changes.length === 0 ? ['Nothing needs changing.'] : []),
    ],
  };
}

function list(heading: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const rest = items.length - MOST_LINES;
  return [
    heading,
    ...items.slice(0, MOST_LINES).map((item) => `- ${item}`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
  ];
}

function names(users: readonly string[]): string {
  const rest = users.length - MOST_NAMES;
  return `${users.slice(0, MOST_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
