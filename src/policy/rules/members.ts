import type { RoomChange } from '../../model/room-change.ts';
import { mayBeIn } from '../may-be-in.ts';
import type { Rule } from './rule.ts';

/** Whoever may not be in is let out, and told why; their invitation or their knock is turned down. Whoever may and knocks is let in (A5, A6). */
export const members: Rule = ({ policy, room, snapshot }) =>
  [...snapshot.members].flatMap(([userId, membership]): RoomChange[] => {
    if (membership !== 'join' && membership !== 'invite' && membership !== 'knock') return [];
    if (userId === policy.namespace.bot) return [];
    const admission = mayBeIn(policy, room, userId);
    if (!admission.allowed) return [{ rule: 'members', why: admission.message, kind: 'remove', userId }];
    if (membership === 'knock') {
      return [{ rule: 'members', why: 'somebody who may be in the room knocked.', kind: 'invite', userId }];
    }
    return [];
  });
