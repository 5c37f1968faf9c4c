import type { Logger } from '../log.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import { conversationRoom } from './conversation-room.ts';

/** What it needs. */
export interface GovernConversationsParts {
  readonly conversations: Pick<ConversationStore, 'withRooms'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'all' | 'add'>;
  readonly transactions: Transactions;
  readonly log: Logger;
}

/** Written in one transaction: thousands at once would keep patients' texts waiting. */
const AT_ONCE = 100;

/** At start: has the rooms of patients governed that were made before rooms were. Returns how many; may be repeated. */
export async function governConversations(parts: GovernConversationsParts): Promise<number> {
  const { conversations, governedRooms, transactions, log } = parts;
  const governed = new Set((await governedRooms.all()).map(({ roomId }) => roomId));
  const missing = (await conversations.withRooms()).filter(({ roomId }) => !governed.has(roomId));
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    await transactions.run(async () => {
      for (const { roomId, ...conversation } of missing.slice(from, from + AT_ONCE)) {
        const { key, ...room } = conversationRoom(conversation);
        await governedRooms.add({ ...room, roomId, opaqueId: key, origin: 'made', since: Date.now() });
      }
    });
  }
  if (missing.length > 0) log.info('rooms.governed', { count: missing.length });
  return missing.length;
}
