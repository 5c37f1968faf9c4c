import type { AddressId } from '../model/ids.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { Notifier } from './notifier.ts';

/** Says `words` in every room of the address: the number is the same on every line of ours, and so is what is known of it. */
export async function tellTeams(
  { conversations, notifier }: { readonly conversations: ConversationStore; readonly notifier: Notifier },
  addressId: AddressId,
  words: string,
  about: { readonly cause: string; readonly trace: string },
): Promise<void> {
  for (const { id, roomId } of await conversations.findByAddress(addressId)) {
    if (roomId !== undefined) await notifier.say(roomId, words, { cause: `${about.cause}:${id}`, trace: about.trace });
  }
}
