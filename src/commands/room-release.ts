import { linkTo } from '../services/break-glass.ts';
import type { ReleaseRoom } from '../services/release-room.ts';
import { defineCommand, type Command } from './command.ts';
import { roomParameter } from './parameters.ts';

/** `room release`: gives a room back to people. */
export function roomReleaseCommand({ releaseRoom }: { readonly releaseRoom: ReleaseRoom }): Command {
  return defineCommand({
    name: 'room release',
    permission: 'manage-rooms',
    where: 'command-room',
    effect: 'destroys',
    summary: 'no longer govern a room: people get the power, the bot leaves',
    details: 'Power 100 goes to you, if you are in the room, and to its members with the most power by role.',
    parameters: { room: roomParameter('which room') },
    preview: ({ sender }, { room }) => releaseRoom.preview(room, sender),
    run: async ({ sender }, { room: roomId }) => {
      const { heirs, problems } = await releaseRoom.run(roomId, sender);
      const given = heirs.length === 0 ? '' : ` Power 100 was given to ${heirs.join(', ')}.`;
      const after = { heirs: [...heirs], problems: [...problems] };
      return {
        text: `${linkTo(roomId)} is no longer governed, and the bot has left.${given}${problems.map((problem) => `\n${problem}`).join('')}`,
        outcome: problems.length === 0 ? 'done' : 'partial',
        data: { room: roomId, ...after },
        audit: { target: roomId, after },
      };
    },
  });
}
