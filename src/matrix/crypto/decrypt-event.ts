import type { MatrixEvent } from '../../model/rows.ts';
import type { Decrypted } from '../../ports/event-decrypter.ts';
import type { CryptoUser } from './crypto-user.ts';
import { readPosition } from './megolm-message.ts';
import type { Trust } from './olm-engine.ts';
import type { ReplayGuard } from './store/replay-guard.ts';

/** Decrypts an event with the bot's device, see `EventDecrypter`. */
export async function decryptEvent(
  bot: CryptoUser,
  replays: ReplayGuard,
  trust: Trust,
  event: MatrixEvent,
): Promise<Decrypted> {
  const position = readPosition(event.content);
  if (position === undefined) return { outcome: 'broken' };
  const decryption = await bot.decrypt(JSON.stringify(event), event.room_id, event.sender, trust);
  if (decryption.outcome !== 'clear') return decryption;
  const { type, content } = JSON.parse(decryption.event) as { type?: unknown; content?: unknown };
  if (typeof type !== 'string' || typeof content !== 'object' || content === null) return { outcome: 'broken' };
  if (await replays.isReplay(position.sessionId, position.index, event.event_id)) return { outcome: 'broken' };
  return { outcome: 'clear', type, content: content as Record<string, unknown> };
}
