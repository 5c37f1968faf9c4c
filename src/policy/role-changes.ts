import type { CarePolicy } from '../model/care-policy.ts';
import type { UserId } from '../model/ids.ts';
import type { Role, RoleAssignment, RoleId, RoleSource } from '../model/role.ts';

/** A role of a user. */
export interface UserRole {
  readonly userId: UserId;
  readonly roleId: RoleId;
}

/** What a source must give and take so that exactly what it says is in effect. */
export interface RoleChanges {
  readonly give: readonly UserRole[];
  readonly take: readonly UserRole[];
}

/** The difference between what `source` gave and what it says now. What other sources gave is left alone. In a stable order. */
export function roleChanges(
  current: readonly RoleAssignment[],
  source: RoleSource,
  wanted: readonly UserRole[],
): RoleChanges {
  const held = byKey(current.filter((assignment) => assignment.source === source));
  const said = byKey(wanted);
  return {
    give: [...said].filter(([key]) => !held.has(key)).map(([, { userId, roleId }]) => ({ userId, roleId })),
    take: [...held].filter(([key]) => !said.has(key)).map(([, { userId, roleId }]) => ({ userId, roleId })),
  };
}

/** The roles of each user once `source` has made its changes: who has a role by another source too keeps it. */
export function rolesAfter(
  policy: Pick<CarePolicy, 'assigned' | 'roles'>,
  current: readonly RoleAssignment[],
  source: RoleSource,
  changes: RoleChanges,
): ReadonlyMap<UserId, readonly Role[]> {
  const others = byKey(current.filter((assignment) => assignment.source !== source));
  const lost = new Set([...byKey(changes.take).keys()].filter((key) => !others.has(key)));
  const after = new Map<UserId, readonly Role[]>();
  for (const [userId, roles] of policy.assigned) {
    after.set(
      userId,
      roles.filter(({ id }) => !lost.has(keyOf({ userId, roleId: id }))),
    );
  }
  for (const { userId, roleId } of changes.give) {
    const role = policy.roles.get(roleId);
    if (role) after.set(userId, [...(after.get(userId) ?? []), role]);
  }
  return after;
}

function byKey(assignments: readonly UserRole[]): ReadonlyMap<string, UserRole> {
  const sorted = assignments.map((assignment) => [keyOf(assignment), assignment] as const);
  return new Map(sorted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function keyOf({ userId, roleId }: UserRole): string {
  return `${userId} ${roleId}`;
}
