/** Roles for tests: a small hospital, and its policy made of a role store. */
import type { CarePolicy, ClassRules } from '../../src/model/care-policy.ts';
import type { UserId } from '../../src/model/ids.ts';
import { PERMISSIONS, type Permission } from '../../src/model/permission.ts';
import { PHI_CLASSES, type PhiClass } from '../../src/model/phi-class.ts';
import type { Role, RoleId, UnitId } from '../../src/model/role.ts';
import type { RoleStore } from '../../src/ports/role-store.ts';
import type { PolicyInEffect } from '../../src/services/policy-in-effect.ts';

const DOMAIN = 'hospital.test';

/** `@name:hospital.test` */
export function user(name: string): UserId {
  return `@${name}:${DOMAIN}` as UserId;
}

/** A role id of the fixture. */
export function roleId(id: string): RoleId {
  return id as RoleId;
}

function role(
  id: string,
  power: number,
  permissions: readonly Permission[],
  classes: readonly PhiClass[],
  units: readonly string[] | 'all',
): Role {
  return {
    id: roleId(id),
    name: id.replaceAll('-', ' '),
    power,
    commands: 'all',
    idleLogoffMs: undefined,
    permissions: new Set(permissions),
    classes: new Set(classes),
    units: units === 'all' ? 'all' : new Set(units as readonly UnitId[]),
  };
}

/** An administrator, a clerk who manages roles and sees no patients’ rooms, and two roles of the wards. */
export const ROLES: ReadonlyMap<RoleId, Role> = new Map(
  [
    role('administrator', 90, Object.keys(PERMISSIONS) as Permission[], PHI_CLASSES, 'all'),
    role('clerk', 50, ['use-commands', 'manage-roles', 'view-roles', 'text-patients', 'break-glass'], ['none'], []),
    role('nurse', 0, ['use-commands', 'text-patients'], ['none', 'phi'], ['icu']),
    role('physician', 50, ['use-commands', 'text-patients', 'break-glass'], PHI_CLASSES, 'all'),
    role('auditor', 0, ['use-commands', 'read-audit'], ['none'], []),
  ].map((one) => [one.id, one]),
);

/** The fixture’s policy with these people in it. */
export function policyWith(
  assigned: Readonly<Record<string, readonly string[]>>,
  gone: ReadonlySet<UserId> = new Set(),
): CarePolicy {
  const rules = {} as ClassRules;
  return {
    namespace: { bot: user('carebridge'), ghostPrefix: '_carebridge_', domain: DOMAIN },
    roles: ROLES,
    units: new Map(),
    classes: { none: rules, phi: rules, sensitive: rules },
    assigned: new Map(
      Object.entries(assigned).map(([name, ids]) => [
        name.startsWith('@') ? (name as UserId) : user(name),
        ids.flatMap((id) => ROLES.get(roleId(id)) ?? []),
      ]),
    ),
    teams: new Map(),
    gone,
    absent: gone,
    emergencies: new Map(),
    unitSpaces: new Map(),
  };
}

/** The policy as the role store says. Counts how often it was told of a change. */
export class FixturePolicy implements PolicyInEffect {
  readonly #roles: RoleStore;
  /** Who was offboarded. */
  readonly gone = new Set<UserId>();
  invalidated = 0;

  constructor(roles: RoleStore) {
    this.#roles = roles;
  }

  async current(): Promise<CarePolicy> {
    const assigned: Record<string, string[]> = {};
    for (const { userId, roleId: id } of await this.#roles.current())
      if (!this.gone.has(userId)) (assigned[userId] ??= []).push(id);
    return policyWith(assigned, this.gone);
  }

  invalidate(): void {
    this.invalidated += 1;
  }
}
