/** The policy of an installation that states no roles: administrators, and the teams of the lines. */
import { BUILT_IN_CLASSES } from '../../src/model/built-in-classes.ts';
import type { CarePolicy } from '../../src/model/care-policy.ts';
import type { LineId, UserId } from '../../src/model/ids.ts';
import type { Namespace } from '../../src/model/namespace.ts';
import { PERMISSIONS, type Permission } from '../../src/model/permission.ts';
import { PHI_CLASSES } from '../../src/model/phi-class.ts';
import type { Role, RoleId, UnitId } from '../../src/model/role.ts';

/** Holds everything. */
const ADMINISTRATOR = role('administrator', Object.keys(PERMISSIONS) as Permission[]);
/** Whoever is in the team of a line. */
const LINE_TEAM = role('line-team', ['use-commands', 'text-patients', 'record-consent', 'view-rooms']);

/** A role with these permissions. */
export function role(id: string, permissions: readonly Permission[]): Role {
  return {
    id: id as RoleId,
    name: id,
    power: 0,
    commands: 'all',
    idleLogoffMs: undefined,
    units: 'all',
    permissions: new Set(permissions),
    classes: new Set(PHI_CLASSES),
  };
}

/** `more` are roles beside those. */
export function lineTeamPolicy(
  namespace: Namespace,
  admins: readonly UserId[],
  lines: readonly { readonly id: LineId; readonly team: readonly UserId[] }[],
  more: Readonly<Record<UserId, readonly Role[]>> = {},
): CarePolicy {
  const assigned = new Map<UserId, Role[]>();
  const give = (user: UserId, given: Role) => assigned.set(user, [...(assigned.get(user) ?? []), given]);
  for (const user of admins) give(user, ADMINISTRATOR);
  for (const user of new Set(lines.flatMap(({ team }) => team))) give(user, LINE_TEAM);
  for (const [user, roles] of Object.entries(more)) for (const one of roles) give(user as UserId, one);
  return {
    namespace,
    roles: new Map([ADMINISTRATOR, LINE_TEAM, ...Object.values(more).flat()].map((one) => [one.id, one])),
    units: new Map([['icu' as UnitId, { id: 'icu' as UnitId, name: 'Intensive care' }]]),
    classes: BUILT_IN_CLASSES,
    assigned,
    teams: new Map(lines.map(({ id, team }) => [id, new Set(team)])),
    gone: new Set(),
    absent: new Set(),
    emergencies: new Map(),
    unitSpaces: new Map(),
  };
}
