import { ADMINISTRATOR, LINE_TEAM } from '../model/built-in-roles.ts';
import type { UserId } from '../model/ids.ts';
import { roleChanges, type UserRole } from '../policy/role-changes.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { Lines } from './lines.ts';

/** Of what the configuration makes the roles that it gives. */
export interface ConfiguredRolesParts {
  /** Hold the role `administrator`. */
  readonly admins: readonly UserId[];
  /** Members of a team hold the role `line-team`. */
  readonly lines: Lines;
}

/** Who has a role by the configuration alone, now. Whoever was offboarded has none, though the file still names them. */
export function configuredRoles({ admins, lines }: ConfiguredRolesParts): readonly UserRole[] {
  const teams = new Set(lines.assigned.flatMap(({ team }) => team));
  return [
    ...admins.filter((user) => !lines.gone.has(user)).map((userId) => ({ userId, roleId: ADMINISTRATOR })),
    ...[...teams].map((userId) => ({ userId, roleId: LINE_TEAM })),
  ];
}

/** Writes that down, so that the role table of any day can be told (F7). For the running bridge, whose configuration is in effect. Repeating does no harm. */
export async function recordConfiguredRoles(
  { roles, ...configured }: ConfiguredRolesParts & { readonly roles: RoleStore },
  at: number,
): Promise<void> {
  const source = 'configuration';
  const { give, take } = roleChanges(await roles.current(), source, configuredRoles(configured));
  for (const role of give) await roles.give({ ...role, source, givenBy: source, at });
  for (const role of take) await roles.take({ ...role, source, takenBy: source, at });
}
