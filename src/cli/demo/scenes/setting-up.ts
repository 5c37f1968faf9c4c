/** `!care setup`: an administrator is led through everything, and hears what is not yet compliant. */
import { bodyOf } from '../command-room.ts';
import type { Scene } from '../scene.ts';

export const settingUp: Scene = {
  title: 'An administrator sets the bridge up, in a conversation',
  async play({ admin, nurse, commandRoom, tell }) {
    const answer = async (words: string): Promise<string> => {
      tell('admin', `types: ${words}`);
      return bodyOf(await commandRoom.says(words));
    };

    tell('bot', await answer('!care setup'));
    tell('bot', await answer('yes'));
    await admin.join(await admin.waitForInvite());
    tell('admin', 'accepts the invitation to the security room');
    tell('bot', await answer('next'));
    tell('bot', await answer('next'));
    tell('bot', await answer(nurse.userId));
    tell('bot', inShort(await answer('yes')));
    await nurse.join(await nurse.waitForInvite());
    tell('nurse', 'accepts the invitation to the space of intensive care');
  },
};

/** The last answer without what to write for each thing that is missing, and without what nobody can ask the homeserver. */
function inShort(answer: string): string {
  const [missing = '', ...rest] = answer.split('\nNOT KNOWN');
  if (rest.length === 0) throw new Error(`The report has no such part:\n${answer}`);
  const isDetail = (line: string): boolean => line.startsWith('    ') || line === '';
  return [...missing.split('\n').filter((line) => !isDetail(line)), '... each with what to write for it'].join('\n');
}
