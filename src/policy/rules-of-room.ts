import type { CarePolicy, ClassRules } from '../model/care-policy.ts';
import type { RoomToGovern } from './room-to-govern.ts';

/**
 * What holds in this room: the rules of its class, made stricter where the room is one in which the bridge is commanded (A3). A space carries no
 * messages: it needs no encryption, and only who has a role of the unit is asked in.
 */
export function rulesOfRoom(policy: CarePolicy, room: RoomToGovern): ClassRules {
  const rules = policy.classes[room.phiClass];
  switch (room.kind) {
    case 'command':
    case 'security':
      return {
        ...rules,
        isEncryptionRequired: true,
        historyVisibility: 'joined',
        joining: 'invite',
        areGuestsAllowed: false,
        federation: 'own-server',
        allowedBots: new Set(),
      };
    case 'unit':
      return { ...rules, isEncryptionRequired: false, joining: 'invite' };
    case 'conversation':
      return { ...rules, isEncryptionRequired: true, joining: 'invite', areGuestsAllowed: false };
    case 'care-team':
      return rules;
  }
}
