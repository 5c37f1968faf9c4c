import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import type { RoomSnapshot } from '../model/room-snapshot.ts';
import { mayBeIn } from './may-be-in.ts';
import type { RoomToGovern } from './room-to-govern.ts';

/**
 * The people who are asked in without anybody's doing: the line's team, who commands, who watches security, and the staff of a unit to its
 * space. Nobody to care teams: people choose who is in those.
 */
export function mustBeIn(policy: CarePolicy, room: RoomToGovern): readonly UserId[] {
  return candidates(policy, room).filter((user) => mayBeIn(policy, room, user).allowed);
}

/** Those of them who are out, and did not leave by themselves: they are asked in. A ban is a person's decision. */
export function toBeInvited(policy: CarePolicy, room: RoomToGovern, snapshot: RoomSnapshot): readonly UserId[] {
  return mustBeIn(policy, room).filter((user) => {
    const membership = snapshot.members.get(user);
    return membership === undefined || (membership === 'leave' && !snapshot.leftThemselves?.has(user));
  });
}

function candidates(policy: CarePolicy, room: RoomToGovern): readonly UserId[] {
  switch (room.kind) {
    case 'conversation':
      return [...((room.conversation && policy.teams.get(room.conversation.lineId)) ?? [])];
    case 'command':
    case 'security':
      return [...policy.assigned.keys()];
    case 'unit': {
      const { unit } = room;
      if (unit === undefined) return [];
      // A role for all units is an overseer's: being asked into every space would be noise.
      return [...policy.assigned].flatMap(([user, roles]) =>
        roles.some(({ units }) => units !== 'all' && units.has(unit)) ? [user] : [],
      );
    }
    case 'care-team':
      return [];
  }
}
