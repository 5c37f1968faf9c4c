import type { SetClass } from '../services/set-class.ts';
import { defineCommand, type Command } from './command.ts';
import { classParameter, optional, roomParameter } from './parameters.ts';

/** `phi set`: changes a room's PHI class. */
export function phiSetCommand({ setClass }: { readonly setClass: SetClass }): Command {
  return defineCommand({
    name: 'phi set',
    permission: 'classify-rooms',
    where: 'any-governed',
    effect: 'destroys',
    summary: 'change the PHI class of a room, and all that follows from it',
    details: 'The preview says what changes and who would be removed. No texts go out from a room of class sensitive.',
    parameters: {
      class: classParameter('the new class'),
      room: optional(roomParameter('which room; default: this one')),
    },
    preview: (call, { class: phiClass, room = call.room.roomId }) => setClass.preview(room, phiClass),
    run: async (call, { class: phiClass, room = call.room.roomId }) => {
      const before = await setClass.run(room, phiClass);
      return {
        text: `The room’s class is ${phiClass}. The room is being updated.`,
        data: { room, before, after: phiClass },
        audit: { target: room, before: { class: before }, after: { class: phiClass } },
      };
    },
  });
}
