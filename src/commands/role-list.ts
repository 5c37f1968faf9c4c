import type { RoleAssignment } from '../model/role.ts';
import type { ListRoles } from '../services/list-roles.ts';
import { defineCommand, type Command } from './command.ts';
import { optional, userParameter } from './parameters.ts';
import { atOption, timeOf } from './time-argument.ts';

/** More than a phone shows; the rest is in the access review. */
const MAX_LINES = 50;

/** `role list`: who has which role, and by what; also at an earlier time (F7). */
export function roleListCommand({ listRoles }: { readonly listRoles: ListRoles }): Command {
  return defineCommand({
    name: 'role list',
    permission: 'view-roles',
    where: 'command-room',
    effect: 'reads',
    summary: 'show who has which role, since when, and from where',
    parameters: { user: optional(userParameter('whose roles; default: everybody’s')) },
    options: { at: atOption },
    run: async (_call, { user, at: typed }) => {
      const at = typed === undefined ? undefined : timeOf(typed);
      const { assignments, table } = await listRoles.run({ user, at });
      const shown = assignments.slice(0, MAX_LINES).map(inWords);
      const more = assignments.length - shown.length;
      const heading = `${assignments.length} ${assignments.length === 1 ? 'role' : 'roles'}${at === undefined ? '' : ` in effect at ${new Date(at).toISOString()}`}${table ? `, by role table ${table.version}` : ''}`;
      return {
        text: [
          heading,
          ...shown,
          ...(more > 0 ? [`and ${more} more: \`access review\` gives all as a file.`] : []),
        ].join('\n'),
        data: {
          table: table?.version,
          roles: assignments
            .slice(0, MAX_LINES)
            .map(({ userId, roleId, source, since, givenBy }) => ({ userId, roleId, source, since, givenBy })),
        },
      };
    },
  });
}

function inWords({ userId, roleId, source, since, givenBy }: RoleAssignment): string {
  const by = source === 'command' ? `by ${givenBy}` : source === 'csv' ? 'by a list' : `by the ${source}`;
  return `${userId}  ${roleId}  ${by}, since ${new Date(since).toISOString().slice(0, 10)}`;
}
