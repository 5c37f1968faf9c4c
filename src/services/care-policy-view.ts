import type { Logger } from '../log.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import type { EmergencyAccess, GovernedRoom } from '../model/governed-room.ts';
import type { LineId, RoomId, UserId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import type { Role, RoleAssignment, RoleId, Unit, UnitId } from '../model/role.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { PolicyVersionStore } from '../ports/policy-version-store.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import { CLASSES_SUBJECT, classesDocument, ROLES_SUBJECT, rolesDocument } from './policy-documents.ts';
import { configuredRoles, type ConfiguredRolesParts } from './record-configured-roles.ts';

/** What the view is made of. */
export interface CarePolicyViewParts extends ConfiguredRolesParts {
  readonly namespace: Namespace;
  /** The configured roles, the built-in ones too. */
  readonly roles: ReadonlyMap<RoleId, Role>;
  readonly units: readonly Unit[];
  readonly classes: CarePolicy['classes'];
  readonly roleStore: RoleStore;
  readonly governedRooms: GovernedRoomStore;
  readonly emergencyAccess: EmergencyAccessStore;
  readonly policyVersions: PolicyVersionStore;
  readonly log: Logger;
  /** Unix ms. */
  readonly now?: () => number;
}

/**
 * The care policy that is in effect: configuration, roles that were given, governed rooms and open emergency admissions put together, once for each
 * change. Whoever changes one of those calls `invalidate`.
 */
export class CarePolicyView implements PolicyInEffect {
  readonly #parts: CarePolicyViewParts;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #building: Promise<CarePolicy> | undefined;
  #unverified: CarePolicy['unverifiedDevices'];
  /** Unix ms at which an emergency admission runs out: then the policy is another one. */
  #staleAt = Infinity;

  constructor(parts: CarePolicyViewParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** At start: writes down what is configured, with its date (F7). */
  async start(): Promise<void> {
    const { policyVersions, log } = this.#parts;
    const now = this.#now();
    const policy = { ...this.#parts, units: unitsById(this.#parts.units) };
    const roles = await policyVersions.keep(ROLES_SUBJECT, rolesDocument(policy), now);
    const classes = await policyVersions.keep(CLASSES_SUBJECT, classesDocument(policy), now);
    this.invalidate();
    log.info('policy.in-effect', { detail: `roles ${roles.version}, classes ${classes.version}` });
  }

  /** The policy now. From memory, unless something changed. */
  current(): Promise<CarePolicy> {
    if (this.#now() >= this.#staleAt) this.#forget();
    this.#building ??= this.#build();
    return this.#building;
  }

  /** Something that the policy is made of has changed: tells all listeners. */
  invalidate(): void {
    this.#forget();
    for (const listener of this.#listeners) listener();
  }

  /** Who has devices that are not verified, as `FollowVerification` found it. */
  readonly setUnverifiedDevices = (unverified: NonNullable<CarePolicy['unverifiedDevices']>): void => {
    if (keyOfDevices(unverified) === keyOfDevices(this.#unverified)) return;
    this.#unverified = unverified;
    this.invalidate();
  };

  /** Calls `listener` after each change; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forget(): void {
    this.#building = undefined;
    this.#staleAt = Infinity;
  }

  #build(): Promise<CarePolicy> {
    const building: Promise<CarePolicy> = this.#read().then(
      ({ policy, staleAt }) => {
        // Something may have changed meanwhile: then this one answers who asked before, and is not kept.
        if (this.#building === building) this.#staleAt = staleAt;
        return policy;
      },
      (error: unknown) => {
        if (this.#building === building) this.#building = undefined;
        throw error;
      },
    );
    return building;
  }

  async #read(): Promise<{ policy: CarePolicy; staleAt: number }> {
    const { namespace, roles, units, classes, lines, roleStore, governedRooms, emergencyAccess } = this.#parts;
    const [given, rooms, admissions] = [
      await roleStore.current(),
      await governedRooms.all(),
      await emergencyAccess.open(),
    ];
    const now = this.#now();
    const open = admissions.filter(({ expiresAt }) => expiresAt > now);
    const policy: CarePolicy = {
      namespace,
      roles,
      units: unitsById(units),
      classes,
      assigned: this.#assigned(given),
      gone: lines.gone,
      absent: lines.absent,
      teams: new Map(lines.assigned.map(({ id, team }): [LineId, ReadonlySet<UserId>] => [id, new Set(team)])),
      emergencies: emergencies(open),
      unitSpaces: new Map(rooms.flatMap(({ kind, unit, roomId }) => (kind === 'unit' && unit ? [[unit, roomId]] : []))),
      unitRooms: unitRooms(rooms),
      ...(this.#unverified && { unverifiedDevices: this.#unverified }),
    };
    return { policy, staleAt: Math.min(Infinity, ...open.map(({ expiresAt }) => expiresAt)) };
  }

  #assigned(given: readonly RoleAssignment[]): ReadonlyMap<UserId, readonly Role[]> {
    const { roles, lines } = this.#parts;
    const held = new Map<UserId, Set<Role>>();
    const add = (userId: UserId, roleId: RoleId): void => {
      const role = roles.get(roleId);
      // A role that is no longer configured permits nothing, nor does that of whoever was offboarded.
      if (role === undefined || lines.gone.has(userId)) return;
      const others = held.get(userId) ?? new Set();
      held.set(userId, others.add(role));
    };
    for (const { userId, roleId } of configuredRoles(this.#parts)) add(userId, roleId);
    // What the configuration gave once is not what it gives now.
    for (const { userId, roleId, source } of given) if (source !== 'configuration') add(userId, roleId);
    return new Map([...held].map(([userId, set]) => [userId, [...set]]));
  }
}

function unitsById(units: readonly Unit[]): ReadonlyMap<UnitId, Unit> {
  return new Map(units.map((unit) => [unit.id, unit]));
}

function emergencies(open: readonly EmergencyAccess[]): ReadonlyMap<RoomId, ReadonlySet<UserId>> {
  const byRoom = new Map<RoomId, Set<UserId>>();
  for (const { roomId, userId } of open) byRoom.set(roomId, (byRoom.get(roomId) ?? new Set()).add(userId));
  return byRoom;
}

/** The care teams of each unit: its space shows them. Patients' rooms are by the thousand, and nobody looks for one there. */
function unitRooms(rooms: readonly GovernedRoom[]): ReadonlyMap<UnitId, ReadonlySet<RoomId>> {
  const byUnit = new Map<UnitId, Set<RoomId>>();
  for (const { kind, unit, roomId } of rooms) {
    if (kind !== 'care-team' || unit === undefined) continue;
    byUnit.set(unit, (byUnit.get(unit) ?? new Set()).add(roomId));
  }
  return byUnit;
}

/** The same where the same devices of the same users are meant, in whatever order. */
function keyOfDevices(devices: CarePolicy['unverifiedDevices']): string | undefined {
  return devices && JSON.stringify([...devices].map(([user, ids]) => [user, ids.toSorted()]).toSorted());
}
