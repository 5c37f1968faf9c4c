import { UserError } from '../errors.ts';
import type { GovernedRoom, RoomKind } from '../model/governed-room.ts';
import type { RoomId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { PhiClass } from '../model/phi-class.ts';
import { reconcile } from '../policy/reconcile.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import { changesInWords } from './changes-in-words.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What setting needs. */
export interface SetClassParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly control: Pick<RoomControl, 'snapshot'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find' | 'setClass'>;
  /** Has it put right. */
  readonly roomsChanged: (rooms: readonly RoomId[]) => void;
}

/** In these there is always something of patients, or of how they are protected. */
const NEVER_NONE: ReadonlySet<RoomKind> = new Set(['conversation', 'command', 'security']);

/** Changes the PHI class of a governed room, and with it all that the class fixes. */
export class SetClass {
  readonly #parts: SetClassParts;

  constructor(parts: SetClassParts) {
    this.#parts = parts;
  }

  /** What would change, and who would be let out. Throws UserError where it is refused. */
  async preview(
    roomId: RoomId,
    phiClass: PhiClass,
  ): Promise<{ readonly text: string; readonly facts: JsonValue; readonly isNothingToDo: boolean }> {
    const { policy: policyInEffect, control } = this.#parts;
    const room = await this.#allowed(roomId, phiClass);
    const policy = await policyInEffect.current();
    const words = changesInWords(reconcile(policy, { ...room, phiClass }, await control.snapshot(roomId)));
    const isSilenced = room.kind === 'conversation' && !policy.classes[phiClass].mayTextOut;
    const isNothingToDo = room.phiClass === phiClass;
    return {
      text: isNothingToDo
        ? `The room has class ${phiClass} already.`
        : [
            `The room’s class would be ${phiClass} instead of ${room.phiClass}.`,
            ...(isSilenced ? ['No more texts would go out from it.'] : []),
            ...words.lines,
          ].join('\n'),
      facts: { room: roomId, from: room.phiClass, to: phiClass, changes: words.facts },
      isNothingToDo,
    };
  }

  /** Does it, and has the room put right. Returns the class before. */
  async run(roomId: RoomId, phiClass: PhiClass): Promise<PhiClass> {
    const room = await this.#allowed(roomId, phiClass);
    await this.#parts.governedRooms.setClass(roomId, phiClass);
    this.#parts.roomsChanged([roomId]);
    return room.phiClass;
  }

  async #allowed(roomId: RoomId, phiClass: PhiClass): Promise<GovernedRoom> {
    const room = await this.#parts.governedRooms.find(roomId);
    if (room === undefined) throw new UserError('This room is not governed, so it has no class. Nothing was done.');
    if (phiClass === 'none' && NEVER_NONE.has(room.kind)) {
      throw new UserError(`A ${room.kind} room can never be of class none. Nothing was done.`);
    }
    return room;
  }
}
