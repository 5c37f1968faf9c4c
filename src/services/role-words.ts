import type { RoleChanges, UserRole } from '../policy/role-changes.ts';
import type { CsvProblem } from './role-csv.ts';

/** Lines that a preview shows of a kind. */
export const MAX_SHOWN = 20;

/** What would be given and taken, for people. */
export function changesInWords({ give, take }: RoleChanges, unchanged: number, most = MAX_SHOWN): string {
  if (give.length + take.length === 0) return `Nothing changes: ${unchanged} roles are as the list says.`;
  return [
    `${give.length} given, ${take.length} taken, ${unchanged} as they are.`,
    ...shown('+', give, most),
    ...shown('-', take, most),
  ].join('\n');
}

/** What is wrong with a list, a line each. */
export function problemsInWords(problems: readonly CsvProblem[], most: number): string {
  const more = problems.length - most;
  return [
    ...problems.slice(0, most).map(({ line, problem }) => `line ${line}: ${problem}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('\n');
}

function shown(sign: string, roles: readonly UserRole[], most: number): string[] {
  const more = roles.length - most;
  return [
    ...roles.slice(0, most).map(({ userId, roleId }) => `${sign} ${userId} ${roleId}`),
    ...(more > 0 ? [`${sign} and ${more} more`] : []),
  ];
}
