import type { CarePolicy } from '../model/care-policy.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { RoleId } from '../model/role.ts';
import type { SetupFacts } from '../model/setup.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { Rooms } from '../ports/rooms.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Lines } from './lines.ts';
import { COMMAND_ROOM_SETTING } from './notifier.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What looking needs. */
export interface LookAtSetupParts {
  readonly prefix: string;
  readonly namespace: Namespace;
  /** What the configuration file is called. */
  readonly configFile: string;
  /** The carriers of the configuration. */
  readonly carrierKinds: SetupFacts['carriers'];
  readonly lines: Lines;
  readonly builtInRoles: ReadonlyMap<RoleId, unknown>;
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly governedRooms: GovernedRoomStore;
  readonly rooms: Pick<Rooms, 'joinedMembers'>;
  readonly settings: SettingsStore;
  /** Why the room is not safe for commands (A3). */
  readonly roomProblem: (roomId: RoomId) => Promise<string | undefined>;
}

/** Finds out how things stand for `!care setup`. */
export class LookAtSetup {
  readonly #parts: LookAtSetupParts;

  constructor(parts: LookAtSetupParts) {
    this.#parts = parts;
  }

  async look(): Promise<SetupFacts> {
    const { prefix, namespace, configFile, carrierKinds, lines, settings } = this.#parts;
    const policy = await this.#parts.policy.current();
    const commandRoom = (await settings.get(COMMAND_ROOM_SETTING)) as RoomId | undefined;
    return {
      prefix,
      domain: namespace.domain,
      configFile,
      commandRoom: await this.#commandRoom(commandRoom),
      securityRoom: await this.securityRoom(),
      carriers: carrierKinds,
      lines: lines.all.map(({ id, carrier, team }) => ({ id, carrier, team })),
      roles: this.#roles(policy),
      units: [...policy.units.values()].map(({ id, name }) => ({ id, name, hasSpace: policy.unitSpaces.has(id) })),
    };
  }

  /** Who watches; undefined where there is no security room. */
  async securityRoom(): Promise<SetupFacts['securityRoom']> {
    const [room] = await this.#parts.governedRooms.ofKind('security');
    return room && { joined: await this.#people(room.roomId) };
  }

  async #commandRoom(roomId: RoomId | undefined): Promise<SetupFacts['commandRoom']> {
    if (roomId === undefined) return { problem: 'there is none yet.', joined: new Set() };
    return { problem: await this.#parts.roomProblem(roomId), joined: await this.#people(roomId) };
  }

  async #people(roomId: RoomId): Promise<ReadonlySet<UserId>> {
    const members = await this.#parts.rooms.joinedMembers(roomId);
    return new Set([...members].filter((member) => !isOurs(this.#parts.namespace, member)));
  }

  #roles({ roles, assigned }: CarePolicy): SetupFacts['roles'] {
    return [...roles.values()].map(({ id, name }) => ({
      id,
      name,
      isBuiltIn: this.#parts.builtInRoles.has(id),
      holders: [...assigned].filter(([, held]) => held.some((role) => role.id === id)).map(([user]) => user),
    }));
  }
}
