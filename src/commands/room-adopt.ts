import type { AdoptRoom } from '../services/adopt-room.ts';
import { linkTo } from '../services/break-glass.ts';
import { defineCommand, type Command } from './command.ts';
import { classParameter, roomParameter, unitParameter } from './parameters.ts';

/** `room adopt`: takes a room that people made under governance. */
export function roomAdoptCommand({ adoptRoom }: { readonly adoptRoom: AdoptRoom }): Command {
  return defineCommand({
    name: 'room adopt',
    permission: 'manage-rooms',
    where: 'command-room',
    effect: 'destroys',
    summary: 'govern a room that people made',
    details:
      'First invite the bot there and give it power 100. The preview says what it can and cannot do, and who would be removed. Without --class the class is phi.',
    parameters: { room: roomParameter('which room') },
    options: { unit: unitParameter('to which unit it belongs'), class: classParameter('how much protection it needs') },
    preview: (_call, { room: roomId, unit, class: phiClass = 'phi' }) => adoptRoom.preview({ roomId, unit, phiClass }),
    run: async ({ eventId }, { room: roomId, unit, class: phiClass = 'phi' }) => {
      const { kind, opaqueId, ...room } = await adoptRoom.run({ roomId, unit, phiClass }, eventId);
      const after = { kind, class: room.phiClass, unit: room.unit ?? null, id: opaqueId };
      return {
        text: `${linkTo(roomId)} is governed now, class ${room.phiClass}. It is being updated; room show says how it stands.`,
        data: { room: roomId, ...after },
        audit: { target: roomId, after },
      };
    },
  });
}
