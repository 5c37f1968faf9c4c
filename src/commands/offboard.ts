import type { FindAccount } from '../services/find-account.ts';
import { nameOf } from '../services/list-devices.ts';
import type { OffboardAccount } from '../services/offboard-account.ts';
import { accountParameter, requestOf, resolveAccount, SECOND_PERSON_AGREES } from './account-argument.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter, userParameter } from './parameters.ts';

/** What the command needs. */
export interface OffboardCommandParts {
  readonly findAccount: FindAccount;
  readonly offboardAccount: OffboardAccount;
}

/** `offboard @user`: somebody leaves. */
export function offboardCommand({ findAccount, offboardAccount }: OffboardCommandParts): Command {
  return defineCommand({
    name: 'offboard',
    summary: 'somebody leaves: sessions, lock, lines, roles, rooms and spaces, each reported',
    permission: 'manage-accounts',
    where: 'command-room',
    effect: 'destroys',
    parameters: { user: accountParameter('who leaves'), reason: optional(reasonParameter('why')) },
    options: { successor: userParameter('who takes their place in lines') },
    preview: async (call, { user, successor }) => {
      const target = await resolveAccount(findAccount, user, call);
      const found = await offboardAccount.look({ actor: call.sender, target }, successor);
      const text = [
        `Offboards ${nameOf(target, found.account.displayName)}${found.devices}: locked, signed out everywhere, out of ${found.rooms === 1 ? '1 room or space' : `${found.rooms} rooms and spaces`}.`,
        `Roles: ${found.roles.join(', ') || 'none'}. Lines: ${linesInWords(found.lines, successor)}.`,
        ...(found.unseen > 0 ? [`The bot cannot see ${found.unseen} more rooms: nobody is removed from them.`] : []),
        ...(found.isAgain ? ['They were offboarded before: what is left is done.'] : []),
        ...(found.account.isAdmin === true ? [SECOND_PERSON_AGREES] : []),
      ].join('\n');
      const { rooms, roles, lines } = found;
      return { text, facts: { user: target, successor: successor ?? null, rooms, roles, lines } };
    },
    run: async (call, { user, reason, successor }) => {
      const target = await resolveAccount(findAccount, user, call);
      await offboardAccount.begin(requestOf(call, target, reason), call.room.roomId, successor);
      return {
        text: `Offboarding ${target} has begun. The report follows here.`,
        audit: { target, details: { step: 'begun' } },
      };
    },
  });
}

function linesInWords(lines: readonly string[], successor: string | undefined): string {
  return lines.length === 0 ? 'none' : `${lines.join(', ')}, to ${successor ?? 'nobody new (--successor @user)'}`;
}
