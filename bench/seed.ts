/** Fills a bridge's database through its own repositories, while the bridge does not run. */
import { loadConfig } from '../src/config/load-config.ts';
import { newOpaqueId, type LineId, type RoomId, type UserId } from '../src/model/ids.ts';
import { newGhost, type Namespace } from '../src/model/namespace.ts';
import type { PhoneNumber } from '../src/model/phone-number.ts';
import { openStorage } from '../src/storage/open-storage.ts';

/** What is to be there. */
export interface Seed {
  readonly line: LineId;
  /** Patients with consent but without a room: the bridge makes it when they text. */
  readonly live: readonly PhoneNumber[];
  /** Patients with consent, a room that the homeserver does not know, and a text that was delivered. */
  readonly stored: readonly PhoneNumber[];
}

/** Conversations committed together. */
const BATCH = 250;

/** Stores the conversations; returns the ghosts of the live ones by their numbers. */
export async function seedConversations(configPath: string, seed: Seed): Promise<Map<PhoneNumber, UserId>> {
  const config = loadConfig(configPath, process.env);
  const namespace: Namespace = {
    bot: `@${config.appservice.bot}:${config.homeserver.domain}` as UserId,
    ghostPrefix: config.appservice.ghostPrefix,
    domain: config.homeserver.domain,
  };
  await using storage = await openStorage(config);
  const { transactions, conversations, consents, inbox } = storage;
  const ghosts = new Map<PhoneNumber, UserId>();

  const add = async (number: PhoneNumber, isStored: boolean): Promise<void> => {
    const conversation = await conversations.findOrCreate(seed.line, number, () => newGhost(namespace));
    const { address, contact, id } = conversation;
    ghosts.set(number, contact.ghost);
    await consents.append({
      contactId: contact.id,
      addressId: address.id,
      state: 'granted',
      method: 'paper',
      wordingVersion: 'bench',
      evidence: 'signed',
      cause: `bench:${address.id}`,
      actor: 'bench',
      at: Date.now(),
    });
    if (!isStored) return;
    await conversations.setRoom(id, `!${newOpaqueId(43)}` as RoomId);
    await conversations.markIntroduced(id);
    const text = { carrier: 'loopback', carrierMessageId: newOpaqueId(), lineId: seed.line, from: number };
    const row = await inbox.add({ ...text, body: 'An earlier text.', media: [], keyword: undefined }, Date.now());
    if (row !== undefined) await inbox.deliveries.complete(row.id);
  };
  const all = [
    ...seed.live.map((number) => ({ number, isStored: false })),
    ...seed.stored.map((number) => ({ number, isStored: true })),
  ];
  for (let start = 0; start < all.length; start += BATCH) {
    await transactions.run(async () => {
      for (const { number, isStored } of all.slice(start, start + BATCH)) await add(number, isStored);
    });
  }
  return ghosts;
}
