import { UserError } from '../errors.ts';
import type { EmergencyAccess } from '../model/governed-room.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import type { EndBreakGlass } from '../services/end-break-glass.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, roomParameter, userParameter } from './parameters.ts';

/** What the command needs. */
export interface BreakGlassEndParts {
  readonly endBreakGlass: EndBreakGlass;
  readonly emergencyAccess: EmergencyAccessStore;
}

/** `break-glass end`: ends somebody's emergency access before its time. */
export function breakGlassEndCommand({ endBreakGlass, emergencyAccess }: BreakGlassEndParts): Command {
  return defineCommand({
    name: 'break-glass end',
    permission: 'end-break-glass',
    where: 'command-room',
    effect: 'changes',
    summary: 'end somebody’s emergency access now',
    parameters: {
      room: roomParameter('which room'),
      user: optional(userParameter('who; needed only if several people have such access')),
    },
    preview: async (_call, { room, user }) => {
      const access = await find(emergencyAccess, room, user);
      if (access === undefined) throw nobody();
      return { text: `${access.userId} would be removed from ${room}.`, facts: { room, user: access.userId } };
    },
    run: async ({ sender, trace, isRepeat }, { room, user }) => {
      const access = await find(emergencyAccess, room, user);
      // A run that died may have ended it.
      if (access === undefined && isRepeat) return { text: 'Nobody has such emergency access now.' };
      if (access === undefined) throw nobody();
      const ended = await endBreakGlass.end(access, { by: sender, trace });
      const audit = { target: access.userId, details: { access: access.id } };
      if (ended.end === 'stuck') {
        return { text: `Not ended: ${ended.problem} Remove ${access.userId} by hand.`, outcome: 'failed', audit };
      }
      const stays = ended.end === 'stays' ? ' They stay in the room, since one of their roles allows it.' : '';
      return {
        text: `The emergency access of ${access.userId} is over.${stays}`,
        data: { user: access.userId, room },
        audit,
      };
    },
  });
}

/** undefined where nobody has it; throws UserError where it is not said whose. */
async function find(
  store: EmergencyAccessStore,
  room: RoomId,
  user: UserId | undefined,
): Promise<EmergencyAccess | undefined> {
  const open = (await store.open()).filter(({ roomId, userId }) => roomId === room && (user ?? userId) === userId);
  const [only, ...more] = open;
  if (more.length > 0) {
    throw new UserError(`Say whose: ${open.map(({ userId }) => userId).join(', ')}. Nothing was done.`);
  }
  return only;
}

function nobody(): UserError {
  return new UserError('Nobody has such emergency access now. Nothing was done.');
}
