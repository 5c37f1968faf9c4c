import { UserError } from '../errors.ts';
import { parseRoomId, type RoomId } from '../model/ids.ts';
import type { ReadContext } from './read-context.ts';

const LINK = /^https:\/\/matrix\.to\/#\/([^?/]+)(\?\S*)?$/i;
const ALIAS = /^#[\x21-\x39\x3b-\x7e]+:[a-z0-9.-]+(:\d{1,5})?$/i;

/** The room that `word` names. Throws UserError where it names none. */
export async function readRoom(word: string, context: ReadContext): Promise<RoomId> {
  if (word.toLowerCase() === 'here') return context.room.roomId;
  const name = unlinked(word);
  const roomId = parseRoomId(name);
  if (roomId !== undefined) return roomId;
  if (!ALIAS.test(name)) {
    throw new UserError(
      'That is not a room. Write `here`, its id, its address (#name:server), or its link. Nothing was done.',
    );
  }
  const found = await context.resolveAlias(name);
  if (found === undefined) throw new UserError('There is no room with this address. Nothing was done.');
  return found;
}

/** What a link leads to; anything else as it is. */
function unlinked(word: string): string {
  const target = LINK.exec(word)?.[1];
  if (target === undefined) return word;
  try {
    return decodeURIComponent(target);
  } catch {
    return '';
  }
}
