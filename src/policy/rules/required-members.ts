import type { RoomChange } from '../../model/room-change.ts';
import { mustBeIn, toBeInvited } from '../must-be-in.ts';
import { report, type Rule } from './rule.ts';

const RULE = 'required-members';

/** Whoever must be in is asked in: the team, the patient's ghost. A ban of staff is a person's decision, and people are asked about it. */
export const requiredMembers: Rule = ({ policy, room, snapshot }) => {
  const changes: RoomChange[] = [];
  const ghost = room.conversation?.ghost;
  if (ghost !== undefined) {
    const membership = snapshot.members.get(ghost);
    const why = 'the patient’s side of the conversation was not in the room.';
    if (membership === 'ban') changes.push({ rule: RULE, why, kind: 'unban', userId: ghost });
    // A knock is answered by the rule of members.
    if (!['join', 'invite', 'knock'].includes(membership ?? '')) {
      changes.push({ rule: RULE, why, kind: 'invite', userId: ghost });
    }
  }
  for (const userId of mustBeIn(policy, room)) {
    if (snapshot.members.get(userId) !== 'ban') continue;
    changes.push(report(RULE, `${userId} belongs in the room and is banned from it.`));
  }
  for (const userId of toBeInvited(policy, room, snapshot)) {
    changes.push({ rule: RULE, why: `${userId} belongs in the room.`, kind: 'invite', userId });
  }
  return changes;
};
