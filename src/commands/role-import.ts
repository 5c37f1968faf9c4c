import { UserError } from '../errors.ts';
import type { ImportPlan, ImportRoles } from '../services/import-roles.ts';
import { changesInWords, MAX_SHOWN, problemsInWords } from '../services/role-words.ts';
import { defineCommand, type Command, type CommandCall } from './command.ts';
import { textParameter } from './parameters.ts';

/** As much as fits into an encrypted event with room to spare. */
const MAX_LENGTH = 30_000;

/** `role import`: makes the roles of source `csv` those of the list that follows in the same message. */
export function roleImportCommand({ importRoles }: { readonly importRoles: ImportRoles }): Command {
  const importer = (call: CommandCall) => ({
    ...{ kind: 'user' as const, user: call.sender, eventId: call.eventId, ticket: call.ticket },
  });
  return defineCommand({
    ...{ name: 'role import', permission: 'manage-roles', where: 'command-room', effect: 'destroys' },
    summary: 'give the roles of a list, and take those that an earlier list gave',
    details: `The list is CSV in the same message, below the command:
user,role
@lee:hospital.example,nurse
Roles by commands, the configuration and the directory are left alone. Larger lists: carebridge roles import, on the server.`,
    parameters: { list: textParameter('the list: user,role', { maxLength: MAX_LENGTH }) },
    preview: async (call, { list }) => {
      const { changes, unchanged } = allowed(await importRoles.plan(list, importer(call)));
      const count = changes.give.length + changes.take.length;
      return {
        text: changesInWords(changes, unchanged),
        // All of it is confirmed, also what a phone does not show.
        facts: {
          give: changes.give.map(({ userId, roleId }) => `${userId} ${roleId}`),
          take: changes.take.map(({ userId, roleId }) => `${userId} ${roleId}`),
        },
        ...(count === 0 && { isNothingToDo: true }),
      };
    },
    run: async (call, { list }) => {
      const { changes, unchanged } = allowed(await importRoles.run(list, importer(call), call.trace));
      const counts = { given: changes.give.length, taken: changes.take.length, unchanged };
      return {
        text: `The list is in effect: ${counts.given} given, ${counts.taken} taken, ${unchanged} as they were.`,
        data: counts,
        audit: { after: counts },
      };
    },
  });
}

function allowed(plan: ImportPlan): Extract<ImportPlan, { outcome: 'allowed' }> {
  if (plan.outcome === 'allowed') return plan;
  throw new UserError(`The list was not imported:\n${problemsInWords(plan.problems, MAX_SHOWN)}`);
}
