import type { PhiClass } from './phi-class.ts';
import { PERMISSIONS, type Permission } from './permission.ts';
import { MAX_ROLE_POWER, type Role, type RoleId } from './role.ts';

/** The role of everybody in `admins`. */
export const ADMINISTRATOR = 'administrator' as RoleId;
/** The role of every member of a line's team. */
export const LINE_TEAM = 'line-team' as RoleId;

/** Roles that are there unless the configuration defines them anew, under the same id. */
export const BUILT_IN_ROLES: ReadonlyMap<RoleId, Role> = new Map([
  [
    ADMINISTRATOR,
    {
      id: ADMINISTRATOR,
      name: 'Administrator',
      power: MAX_ROLE_POWER,
      permissions: new Set(Object.keys(PERMISSIONS) as Permission[]),
      commands: 'all',
      classes: new Set<PhiClass>(['none', 'phi', 'sensitive']),
      units: 'all',
      idleLogoffMs: undefined,
    },
  ],
  [
    LINE_TEAM,
    {
      id: LINE_TEAM,
      name: 'Line team',
      power: 0,
      permissions: new Set<Permission>(['use-commands', 'text-patients', 'record-consent', 'view-rooms']),
      commands: 'all',
      // A sensitive conversation needs a role that says so.
      classes: new Set<PhiClass>(['none', 'phi']),
      units: new Set(),
      idleLogoffMs: undefined,
    },
  ],
]);
