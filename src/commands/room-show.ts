import { changesInWords } from '../services/changes-in-words.ts';
import type { ShowRooms, ShownRoom } from '../services/show-rooms.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, roomParameter } from './parameters.ts';

/** `room show`: how a governed room stands. */
export function roomShowCommand({ showRooms }: { readonly showRooms: ShowRooms }): Command {
  return defineCommand({
    name: 'room show',
    permission: 'view-rooms',
    where: 'any-governed',
    effect: 'reads',
    summary: 'show what a room is for, and whether it matches the policy',
    parameters: { room: optional(roomParameter('which room; default: this one')) },
    run: async (call, { room: roomId = call.room.roomId }) => {
      const shown = await showRooms.show(roomId);
      const { room, differences, snapshot } = shown;
      return {
        text: inWords(shown),
        data: {
          room: roomId,
          kind: room.kind,
          class: room.phiClass,
          unit: room.unit ?? null,
          origin: room.origin,
          version: snapshot?.version ?? null,
          differences: differences.map(({ rule, why }) => ({ rule, why })),
        },
      };
    },
  });
}

function inWords({ room, snapshot, differences }: ShownRoom): string {
  const unit = room.unit === undefined ? '' : `, unit ${room.unit}`;
  const since = new Date(room.since).toISOString().slice(0, 10);
  const head = `${room.name ?? 'A room that people made'}: ${room.kind}, class ${room.phiClass}${unit}. ${room.origin === 'made' ? 'Made' : 'Adopted'} ${since}, id ${room.opaqueId}.`;
  if (snapshot === undefined) return `${head}\nThe bot cannot look into it: invite it, or release the room.`;
  const members = [...snapshot.members.values()];
  const count = (wanted: string) => members.filter((membership) => membership === wanted).length;
  return [
    head,
    `Room version ${snapshot.version}, ${count('join')} members, ${count('invite')} invited.`,
    ...(differences.length === 0 ? ['It matches the policy.'] : changesInWords(differences).lines),
  ].join('\n');
}
