import type { CreateRoom } from '../services/create-room.ts';
import { defineCommand, type Command } from './command.ts';
import { classParameter, textParameter, unitParameter } from './parameters.ts';

/** `room create`: makes the room of a care team. */
export function roomCreateCommand({ createRoom }: { readonly createRoom: CreateRoom }): Command {
  return defineCommand({
    name: 'room create',
    permission: 'manage-rooms',
    where: 'command-room',
    effect: 'changes',
    summary: 'make a room for a care team, governed from the first moment',
    details:
      'Everybody on the server can read the name: use no patient’s name and no number. Without --class the class is phi.',
    parameters: { name: textParameter('what it is called', { maxLength: 200 }) },
    options: {
      unit: unitParameter('whose staff may join on their own, if the class allows it'),
      class: classParameter('how much protection it needs'),
    },
    preview: async ({ sender: actor }, { name, unit, class: phiClass = 'phi' }) => ({
      text: await createRoom.judge({ actor, name, unit, phiClass }),
      facts: { unit: unit ?? null, class: phiClass },
    }),
    run: async ({ sender: actor, eventId }, { name, unit, class: phiClass = 'phi' }) => {
      const { roomId, message } = await createRoom.run({ actor, name, unit, phiClass }, eventId);
      const made = { room: roomId, class: phiClass, unit: unit ?? null };
      return { text: message, data: made, audit: { target: roomId, after: made } };
    },
  });
}
