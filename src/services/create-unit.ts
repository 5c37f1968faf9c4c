import { UserError } from '../errors.ts';
import type { RoomId } from '../model/ids.ts';
import type { UnitId } from '../model/role.ts';
import { mustBeIn } from '../policy/must-be-in.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import { linkTo } from './break-glass.ts';
import type { MakeGovernedRoom, RoomToMake } from './make-governed-room.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What creating needs. */
export interface CreateUnitParts {
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'unitSpace'>;
}

/**
 * Makes the space of a unit. The rooms of the unit, also those that are there already, are put into it, and its members can join them where their
 * class allows it. Nobody talks in a space: it has class `none`, so that all staff of the unit can be in it.
 */
export class CreateUnit {
  readonly #parts: CreateUnitParts;

  constructor(parts: CreateUnitParts) {
    this.#parts = parts;
  }

  /** What would be made, in words. Throws UserError where it would be refused. */
  async judge(unit: UnitId): Promise<string> {
    const known = await this.#parts.governedRooms.unitSpace(unit);
    if (known !== undefined) throw new UserError(`Unit ${unit} has its space already: ${linkTo(known.roomId)}`);
    const policy = await this.#parts.policy.current();
    const { key: _, ...room } = spaceOf(unit, nameIn(policy, unit));
    const staff = mustBeIn(policy, { ...room, opaqueId: '', origin: 'made' }).length;
    const rooms = policy.unitRooms?.get(unit)?.size ?? 0;
    return `A space “${room.name}” for unit ${unit}. Its staff will be invited (${staff}), and its rooms added (${rooms}).`;
  }

  /** Makes it, or finds it: there is one. `committing` is committed with it. */
  async run(
    unit: UnitId,
    committing?: (roomId: RoomId) => Promise<void>,
  ): Promise<{ roomId: RoomId; message: string }> {
    const known = await this.#parts.governedRooms.unitSpace(unit);
    const name = nameIn(await this.#parts.policy.current(), unit);
    const roomId = known?.roomId ?? (await this.#parts.make.make(spaceOf(unit, name), committing));
    return { roomId, message: `The space of ${name} is ${linkTo(roomId)}. Its staff are invited.` };
  }
}

function nameIn({ units }: Awaited<ReturnType<PolicyInEffect['current']>>, unit: UnitId): string {
  return units.get(unit)?.name ?? unit;
}

function spaceOf(unit: UnitId, name: string): RoomToMake {
  return { key: `unit-${unit}`, kind: 'unit', phiClass: 'none', unit, conversation: undefined, name };
}
