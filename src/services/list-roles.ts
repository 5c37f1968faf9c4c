import type { UserId } from '../model/ids.ts';
import type { RoleAssignment } from '../model/role.ts';
import type { PolicyVersion, PolicyVersionStore } from '../ports/policy-version-store.ts';
import type { RoleStore } from '../ports/role-store.ts';

/** What listing needs. */
export interface ListRolesParts {
  readonly roles: RoleStore;
  readonly policyVersions: PolicyVersionStore;
}

/** Who had which role, and which role table said what each was. */
export interface RolesAsOf {
  /** By user, then role. */
  readonly assignments: readonly RoleAssignment[];
  /** The version of the configured roles that was in effect; undefined before the first was kept. */
  readonly table: PolicyVersion | undefined;
}

/** Says who has which role, since when and by which source; now or at an earlier time (F7). */
export class ListRoles {
  readonly #parts: ListRolesParts;

  constructor(parts: ListRolesParts) {
    this.#parts = parts;
  }

  /** `at`: Unix ms; now where left out. */
  async run({
    user,
    at,
  }: {
    readonly user?: UserId | undefined;
    readonly at?: number | undefined;
  }): Promise<RolesAsOf> {
    const { roles, policyVersions } = this.#parts;
    const all = at === undefined ? await roles.current() : await roles.asOf(at);
    const assignments = all.filter(({ userId }) => user === undefined || userId === user);
    return {
      assignments: assignments.toSorted((a, b) => compare(a.userId, b.userId) || compare(a.roleId, b.roleId)),
      table: await policyVersions.inEffect('roles', at ?? Date.now()),
    };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
