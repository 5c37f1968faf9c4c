/** The demo's story: scenes with real clients, a real homeserver and the simulated carrier. A new scene is one file and one line here. */
import { BOT, type Clinic } from './clinic.ts';
import { CommandRoom } from './command-room.ts';
import type { Scene } from './scene.ts';
import { drift } from './scenes/drift.ts';
import { lostPhone } from './scenes/lost-phone.ts';
import { settingUp } from './scenes/setting-up.ts';
import { texting } from './scenes/texting.ts';
import { Transcript } from './transcript.ts';

const SCENES: readonly Scene[] = [settingUp, texting, drift, lostPhone];

/** Plays all scenes once; throws at the first thing that does not happen. */
export async function playStory(clinic: Clinic, print: (text: string) => void): Promise<void> {
  const transcript = new Transcript(print);
  const [admin, nurse] = [await clinic.login('admin'), await clinic.login('nurse')];
  const commandRoom = await CommandRoom.join(clinic, admin, nurse);
  await admin.waitForMember(commandRoom.roomId, BOT);
  const stage = { clinic, admin, nurse, commandRoom, tell: transcript.tell.bind(transcript) };
  for (const [index, scene] of SCENES.entries()) {
    transcript.begin(`${index + 1}. ${scene.title}`);
    await scene.play(stage);
  }
  for (const { userId, events } of [admin, nurse]) {
    const warnings = events.warnings();
    if (warnings.length > 0) throw new Error(`The client of ${userId} showed ${warnings.length} warning shields.`);
  }
}
