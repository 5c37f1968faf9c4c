import type { ClassRules } from '../model/care-policy.ts';
import { rulesOfRoom } from '../policy/rules-of-room.ts';
import type { PolicyInEffect } from '../services/policy-in-effect.ts';
import type { ShowRooms } from '../services/show-rooms.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, roomParameter } from './parameters.ts';

/** What the command needs. */
export interface PhiShowCommandParts {
  readonly showRooms: ShowRooms;
  readonly policy: Pick<PolicyInEffect, 'current'>;
}

/** `phi show`: a room's PHI class, and what it fixes. */
export function phiShowCommand({ showRooms, policy }: PhiShowCommandParts): Command {
  return defineCommand({
    name: 'phi show',
    permission: 'view-rooms',
    where: 'any-governed',
    effect: 'reads',
    summary: 'show the PHI class of a room, and what follows from it',
    parameters: { room: optional(roomParameter('which room; default: this one')) },
    run: async (call, { room: roomId = call.room.roomId }) => {
      const { room } = await showRooms.show(roomId);
      const rules = rulesOfRoom(await policy.current(), room);
      return {
        text: [`Class ${room.phiClass}:`, ...inWords(rules).map((line) => `- ${line}`)].join('\n'),
        data: { room: roomId, class: room.phiClass },
      };
    },
  });
}

function inWords(rules: ClassRules): string[] {
  const { federation } = rules;
  const servers =
    federation === 'open' ? 'all servers' : federation === 'own-server' ? 'our own server only' : federation.join(', ');
  return [
    rules.isEncryptionRequired ? 'encrypted' : 'encryption is up to its members',
    `history is visible: ${rules.historyVisibility}`,
    rules.joining === 'restricted' ? 'the unit’s staff can join on their own' : 'people join by invitation',
    `power to invite: ${rules.invitePower}`,
    rules.areGuestsAllowed ? 'guests may join' : 'no guests',
    `open to ${servers}`,
    rules.areVerifiedDevicesRequired ? 'unverified devices are reported' : 'devices need not be verified',
    `retention class: ${rules.retentionClass} (not acted on in this version)`,
    rules.mayTextOut ? 'texts may go out from a patient’s room' : 'no texts go out',
  ];
}
