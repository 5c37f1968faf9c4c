import { UserError } from '../errors.ts';
import { changesInWords } from '../services/role-words.ts';
import type { SyncDirectory } from '../services/sync-directory.ts';
import { defineCommand, type Command } from './command.ts';

/** `role sync`: reads the directory now, and does what it says, also where that would wait for a person. */
export function roleSyncCommand({ syncDirectory }: { readonly syncDirectory: SyncDirectory | undefined }): Command {
  const directory = (): SyncDirectory => {
    if (syncDirectory === undefined) throw new UserError('No directory is configured (directory.url).');
    return syncDirectory;
  };
  return defineCommand({
    name: 'role sync',
    permission: 'manage-roles',
    where: 'command-room',
    effect: 'destroys',
    summary: 'read the directory now, and apply what its groups say',
    parameters: {},
    preview: async () => {
      const { changes, losing, people, leftOut } = await directory().plan();
      const words = changesInWords(changes, 0).replace(', 0 as they are.', '.');
      const isNothingToDo = changes.give.length + changes.take.length === 0;
      return {
        text: isNothingToDo
          ? ['Roles are as the directory says.', ...leftOut].join('\n')
          : [`${words}\n${losing} of ${people} people lose a role.`, ...leftOut].join('\n'),
        facts: {
          give: changes.give.map(({ userId, roleId }) => `${userId} ${roleId}`),
          take: changes.take.map(({ userId, roleId }) => `${userId} ${roleId}`),
        },
        ...(isNothingToDo && { isNothingToDo }),
      };
    },
    run: async ({ sender, eventId, trace }) => {
      const { changes } = await directory().plan();
      await directory().accept(changes, { actor: sender, eventId, trace });
      const counts = { given: changes.give.length, taken: changes.take.length };
      return {
        text: `Done: ${counts.given} given, ${counts.taken} taken.`,
        data: counts,
        audit: { after: counts },
      };
    },
  });
}
