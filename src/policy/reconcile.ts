import type { CarePolicy } from '../model/care-policy.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { RoomChange } from '../model/room-change.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { isKnownVersion } from './room-versions.ts';
import { ROOM_RULES } from './rules/index.ts';
import { report } from './rules/rule.ts';
import { rulesOfRoom } from './rules-of-room.ts';
import { withinPower } from './within-power.ts';

/**
 * What must change so that the room is as the policy wants it: nothing where it is. Pure and total: whatever members wrote into the room, it
 * answers, in time linear in the size of the room. Applying all changes and asking again gives reports at most.
 */
export function reconcile(policy: CarePolicy, room: GovernedRoom, snapshot: RoomSnapshot): readonly RoomChange[] {
  const faults = snapshot.faults.map((fault) => report('snapshot', fault));
  if (!isKnownVersion(snapshot.version)) {
    return [
      ...faults,
      report('room-version', 'the room has a version that Carebridge does not know. It is left alone.'),
    ];
  }
  const { bot } = policy.namespace;
  if (snapshot.members.get(bot) !== 'join') {
    return [...faults, report('bot', 'the bot is not in the room. Invite it, or release the room.')];
  }
  const input = { policy, room, rules: rulesOfRoom(policy, room), snapshot };
  const changes = ROOM_RULES.flatMap((rule) => rule(input));
  return [...faults, ...withinPower(snapshot, bot, changes)];
}
