/** The room in which the bridge tells what security must know. */
import type { Clinic } from '../../../src/cli/demo/clinic.ts';
import { BOT } from '../../e2e/support/chat.ts';
import type { Nurse, ReceivedEvent } from '../../support/nurse.ts';
import { bodyOf, type CommandRoom } from './command-room.ts';

/** The administrator has it made with `!care setup`; they and the others join. Returns its id. */
export async function makeSecurityRoom(
  commandRoom: CommandRoom,
  admin: Nurse,
  ...others: readonly Nurse[]
): Promise<string> {
  await commandRoom.says('!care setup', admin);
  const made = bodyOf(await commandRoom.says('yes', admin));
  const roomId = decodeURIComponent(/matrix\.to\/#\/(\S+?)\. /.exec(made)?.[1] ?? '');
  await commandRoom.says('stop', admin);
  for (const member of [admin, ...others]) {
    await member.waitForInvite((invited) => invited === roomId, commandRoom.instead(admin));
    await member.join(roomId);
  }
  return roomId;
}

/** The first notice of the bot in the room that has all of these words in it. */
export async function hearsOf(
  clinic: Clinic,
  who: Nurse,
  roomId: string,
  ...words: readonly string[]
): Promise<ReceivedEvent> {
  const isIt = (event: ReceivedEvent) => event.sender === BOT && words.every((word) => bodyOf(event).includes(word));
  const instead = () => `wanted: ${words.join(', ')}\n${who.describe(roomId)}\n${clinic.bridge.lastLines()}`;
  return await who.waitForMessage(roomId, isIt, { timeoutMs: 60_000, instead });
}
