import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { UnitId } from '../model/role.ts';
import { holdsNumber } from '../policy/holds-number.ts';
import { mayBeIn } from '../policy/may-be-in.ts';
import { linkTo } from './break-glass.ts';
import type { MakeGovernedRoom, RoomToMake } from './make-governed-room.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What creating needs. */
export interface CreateRoomParts {
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly policy: Pick<PolicyInEffect, 'current'>;
}

/** A room that somebody asks for. */
export interface RoomRequest {
  readonly actor: UserId;
  readonly name: string;
  readonly unit: UnitId | undefined;
  readonly phiClass: PhiClass;
}

const LONGEST_NAME = 80;

/** Makes the room of a care team, governed from its first event, with whoever asked for it in it. */
export class CreateRoom {
  readonly #parts: CreateRoomParts;

  constructor(parts: CreateRoomParts) {
    this.#parts = parts;
  }

  /** What would be made, in words. Throws UserError where it would be refused. */
  async judge(request: RoomRequest): Promise<string> {
    const policy = await this.#parts.policy.current();
    const { actor, unit, phiClass } = request;
    const room = { ...plan(request), opaqueId: '', origin: 'made' } as const;
    if (room.name.length > LONGEST_NAME)
      throw new UserError(`The name is too long: at most ${LONGEST_NAME} characters.`);
    if (holdsNumber(room.name)) {
      throw new UserError('The name holds a number that could be a patient’s. Everybody on the server can read it.');
    }
    const admission = mayBeIn(policy, room, actor);
    if (!admission.allowed) throw new UserError(`You could not be in it: ${admission.message} Nothing was made.`);
    const who =
      unit === undefined
        ? 'People join by invitation.'
        : policy.unitSpaces.has(unit)
          ? policy.classes[phiClass].joining === 'restricted'
            ? 'The unit’s staff can join on their own; others only by invitation.'
            : 'People join by invitation.'
          : 'The unit has no space yet (unit create), so people join by invitation.';
    return `A room for a care team, class ${phiClass}${unit === undefined ? '' : `, of unit ${unit}`}. ${who} You will be invited.`;
  }

  /** Makes it, once for each event. Throws UserError where it is refused. */
  async run(request: RoomRequest, cause: EventId): Promise<{ readonly roomId: RoomId; readonly message: string }> {
    await this.judge(request);
    const roomId = await this.#parts.make.make({ ...plan(request), key: keyOf(cause), also: [request.actor] });
    return { roomId, message: `The room is ${linkTo(roomId)}. You are invited.` };
  }
}

function plan({ name, unit, phiClass }: RoomRequest): Omit<RoomToMake, 'key'> & { readonly name: string } {
  return { kind: 'care-team', phiClass, unit, conversation: undefined, name: name.replace(/\s+/gu, ' ').trim() };
}

/** The same event makes the same room, however often its command is run. */
function keyOf(cause: EventId): string {
  return createHash('sha256').update(`room:${cause}`).digest('hex').slice(0, 26);
}
