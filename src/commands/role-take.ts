import { UserError } from '../errors.ts';
import type { TakeRole } from '../services/take-role.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter, userParameter, wordParameter } from './parameters.ts';
import type { RoleId } from '../model/role.ts';

/** `role take`: takes a role back that a command gave. */
export function roleTakeCommand({ takeRole }: { readonly takeRole: TakeRole }): Command {
  return defineCommand({
    name: 'role take',
    permission: 'manage-roles',
    where: 'command-room',
    effect: 'destroys',
    summary: 'take a role from a user, who then leaves the rooms it was for',
    details: 'Takes back what a command gave. A role from the configuration, a list or the directory is taken there.',
    parameters: {
      user: userParameter('who'),
      // Also one that is no longer configured.
      role: wordParameter('which role', { pattern: /^[a-z0-9][a-z0-9-]*$/, form: 'a role’s id', isOpaque: true }),
      reason: optional(reasonParameter('why, for the audit log')),
    },
    preview: async ({ sender }, { user, role }) => {
      const { outcome, message } = await takeRole.judge({ actor: sender, user, role: role as RoleId });
      if (outcome === 'refused') throw new UserError(message);
      return { text: message, facts: { user, role }, ...(outcome === 'held' && { isNothingToDo: true }) };
    },
    run: async ({ sender, eventId, trace, ticket, isRepeat }, { user, role, reason }) => {
      const { outcome, message } = await takeRole.run(
        { actor: sender, user, role: role as RoleId },
        { eventId, trace, reason, ticket },
      );
      if (outcome === 'refused') throw new UserError(message);
      const text = outcome === 'held' && isRepeat ? `${user} lost the role ${role}.` : message;
      return { text, data: { user, role }, audit: { target: user, before: { role } } };
    },
  });
}
