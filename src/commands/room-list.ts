import type { GovernedRoom } from '../model/governed-room.ts';
import type { ShowRooms } from '../services/show-rooms.ts';
import { defineCommand, type Command } from './command.ts';
import { choiceParameter, classParameter, optional, unitParameter } from './parameters.ts';

/** More than a phone shows; the rest is in the access review. */
const MAX_LINES = 40;
const KINDS = ['conversation', 'care-team', 'command', 'security', 'unit'] as const;

/** `room list`: what is governed. Patients' rooms are counted, and listed only where they are asked for. */
export function roomListCommand({ showRooms }: { readonly showRooms: ShowRooms }): Command {
  return defineCommand({
    name: 'room list',
    permission: 'view-rooms',
    where: 'command-room',
    effect: 'reads',
    summary: 'list the governed rooms',
    parameters: { kind: optional(choiceParameter('only these; default: all but patients’ rooms', KINDS)) },
    options: { unit: unitParameter('only those of this unit'), class: classParameter('only those of this class') },
    run: async (_call, { kind, unit, class: phiClass }) => {
      const all = await showRooms.list();
      const found = all.filter(
        (room) =>
          (kind === undefined ? room.kind !== 'conversation' : room.kind === kind) &&
          (unit === undefined || room.unit === unit) &&
          (phiClass === undefined || room.phiClass === phiClass),
      );
      const patients = all.filter((room) => room.kind === 'conversation').length;
      const rest = found.length - MAX_LINES;
      return {
        text: [
          `${found.length} ${found.length === 1 ? 'room' : 'rooms'}${kind === undefined ? `, and ${patients} ${patients === 1 ? 'room' : 'rooms'} of patients` : ''}`,
          ...found.slice(0, MAX_LINES).map(inWords),
          ...(rest > 0 ? [`and ${rest} more`] : []),
        ].join('\n'),
        data: found.slice(0, MAX_LINES).map(({ roomId, ...room }) => ({
          room: roomId,
          kind: room.kind,
          class: room.phiClass,
          unit: room.unit ?? null,
          origin: room.origin,
        })),
      };
    },
  });
}

function inWords({ roomId, kind, phiClass, unit, name, origin }: GovernedRoom): string {
  const of = unit === undefined ? '' : `, unit ${unit}`;
  return `${name ?? 'a room that people made'}: ${kind}, ${phiClass}${of}, ${origin}  ${roomId}`;
}
