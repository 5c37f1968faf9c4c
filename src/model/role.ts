import type { Brand, UserId } from './ids.ts';
import type { CommandName } from './command-name.ts';
import type { Permission } from './permission.ts';
import type { PhiClass } from './phi-class.ts';

/** The key of a role in the configuration, e.g. `nurse`. */
export type RoleId = Brand<string, 'RoleId'>;
/** The key of a unit in the configuration, e.g. `icu`. */
export type UnitId = Brand<string, 'UnitId'>;

/** The highest power a role can give: always below the bot's 100, so that the bot can repair what its holder did. */
export const MAX_ROLE_POWER = 90;

/** A named set of permissions and a power level. */
export interface Role {
  readonly id: RoleId;
  readonly name: string;
  /** Power level in governed rooms, 0 to MAX_ROLE_POWER. */
  readonly power: number;
  readonly permissions: ReadonlySet<Permission>;
  /** The commands that its permissions are for; of other commands it permits none. */
  readonly commands: ReadonlySet<CommandName> | 'all';
  /** The PHI classes of rooms that its holder may be in. */
  readonly classes: ReadonlySet<PhiClass>;
  /** The units whose rooms its holder may be in. */
  readonly units: ReadonlySet<UnitId> | 'all';
  /** Sessions unused for this long are ended, ms; undefined: never (C2). */
  readonly idleLogoffMs: number | undefined;
}

/** A department: a Matrix space, and the rooms in it. */
export interface Unit {
  readonly id: UnitId;
  readonly name: string;
}

/** Where an assignment came from. Each source only ever takes back what it gave. */
export type RoleSource = 'configuration' | 'command' | 'csv' | 'directory';

/** One user holds one role. */
export interface RoleAssignment {
  readonly userId: UserId;
  readonly roleId: RoleId;
  readonly source: RoleSource;
  /** Unix time, ms. */
  readonly since: number;
  /** Unix time, ms, at which it was taken back; undefined while it is in effect. */
  readonly until: number | undefined;
  /** Who gave it: a user id, or the name of the source. */
  readonly givenBy: string;
}
