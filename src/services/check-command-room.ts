import { PermanentError } from '../errors.ts';
import type { RoomId } from '../model/ids.ts';
import { commandRoomProblem } from '../policy/command-room.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { RoomControl } from '../ports/room-control.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What checking needs. */
export interface CheckCommandRoomParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly control: Pick<RoomControl, 'snapshot'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'find'>;
}

/** Looks whether the command room and the security room are safe for commands, from what transactions told of them: nothing is fetched at rest (A3). */
export class CheckCommandRoom {
  readonly #parts: CheckCommandRoomParts;

  constructor(parts: CheckCommandRoomParts) {
    this.#parts = parts;
  }

  /** Why commands must not be run in this room; undefined where they may. Throws RetryableError while the homeserver is away. */
  async problem(roomId: RoomId): Promise<string | undefined> {
    const { policy, control, governedRooms } = this.#parts;
    const isSecurity = (await governedRooms.find(roomId))?.kind === 'security';
    try {
      return commandRoomProblem(await policy.current(), await control.snapshot(roomId), { isSecurity });
    } catch (error) {
      if (error instanceof PermanentError) return 'the bridge cannot look into it.';
      throw error;
    }
  }
}
