import { UserError } from '../errors.ts';
import type { GiveRole } from '../services/give-role.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, reasonParameter, roleParameter, userParameter } from './parameters.ts';

/** `role give`: gives a user a role. */
export function roleGiveCommand({ giveRole }: { readonly giveRole: GiveRole }): Command {
  return defineCommand({
    name: 'role give',
    permission: 'manage-roles',
    where: 'command-room',
    effect: 'changes',
    summary: 'give a user a role',
    details: 'Nobody can give a role with more power or permissions than they hold themselves.',
    parameters: {
      user: userParameter('who'),
      role: roleParameter('which role'),
      reason: optional(reasonParameter('why, for the audit log')),
    },
    preview: async ({ sender }, { user, role }) => {
      const { outcome, message } = await giveRole.judge({ actor: sender, user, role });
      if (outcome === 'refused') throw new UserError(message);
      return { text: message, facts: { user, role }, ...(outcome === 'held' && { isNothingToDo: true }) };
    },
    run: async ({ sender, eventId, trace, ticket, isRepeat }, { user, role, reason }) => {
      const { outcome, message } = await giveRole.run(
        { actor: sender, user, role },
        { eventId, trace, reason, ticket },
      );
      if (outcome === 'refused') throw new UserError(message);
      const text = outcome === 'held' && isRepeat ? `${user} has the role ${role} now.` : message;
      return { text, data: { user, role }, audit: { target: user, after: { role } } };
    },
  });
}
