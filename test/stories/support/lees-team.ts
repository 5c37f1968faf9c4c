import type { Clinic } from '../../../src/cli/demo/clinic.ts';
import { Chat } from '../../e2e/support/chat.ts';
import type { Nurse } from '../../support/nurse.ts';
import { CommandRoom } from './command-room.ts';

/** Dr. Lee, whose phone or account a story is about, and who is there with them. */
export interface LeesTeam {
  readonly admin: Nurse;
  readonly lee: Nurse;
  readonly nurse: Nurse;
  /** All three are in it. */
  readonly command: CommandRoom;
  /** Of Dr. Lee with a patient. */
  readonly chat: Chat;
}

/** Logs them in. The clinic's front desk has the team `lee` and `nurse`. */
export async function startLeesTeam(clinic: Clinic): Promise<LeesTeam> {
  const [admin, lee, nurse] = [await clinic.login('admin'), await clinic.login('lee'), await clinic.login('nurse')];
  await lee.client.setDisplayName('Dr. Lee');
  const command = await CommandRoom.join(clinic, admin, lee, nurse);
  return { admin, lee, nurse, command, chat: await Chat.open(clinic, lee, command.roomId) };
}
