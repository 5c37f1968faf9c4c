import { UserError } from '../errors.ts';
import type { RoomId } from '../model/ids.ts';
import type { UnitId } from '../model/role.ts';
import type { SetupAction } from '../model/setup.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import { linkTo } from './break-glass.ts';
import { CreateUnit } from './create-unit.ts';
import { ensureSecurityRoom } from './ensure-security-room.ts';
import type { GiveRole } from './give-role.ts';
import type { MakeGovernedRoom } from './make-governed-room.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';
import type { SetupCause } from './set-up.ts';

/** What acting needs. */
export interface ActOnSetupParts {
  readonly make: Pick<MakeGovernedRoom, 'make'>;
  readonly giveRole: Pick<GiveRole, 'run'>;
  readonly governedRooms: Pick<GovernedRoomStore, 'ofKind' | 'unitSpace'>;
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly audit: AuditLog;
}

/** Does what an administrator said yes to in `!care setup`. Repeating it does no harm. */
export class ActOnSetup {
  readonly #parts: ActOnSetupParts;

  constructor(parts: ActOnSetupParts) {
    this.#parts = parts;
  }

  /** Says in a sentence what came of it. Throws UserError where it cannot be done. */
  async act(action: SetupAction, cause: SetupCause): Promise<string> {
    switch (action.kind) {
      case 'make-security-room':
        return await this.#securityRoom(cause);
      case 'make-unit':
        return await this.#unit(action.unit, cause);
      case 'give-role': {
        const { actor, ...about } = cause;
        const verdict = await this.#parts.giveRole.run({ actor, user: action.user, role: action.role }, about);
        if (verdict.outcome === 'refused') throw new UserError(verdict.message);
        return verdict.message;
      }
    }
  }

  async #securityRoom(cause: SetupCause): Promise<string> {
    const roomId = await ensureSecurityRoom(this.#parts, (id) => this.#record(id, 'security', cause));
    return `The security room is ${linkTo(roomId)}. Whoever may be in it is invited.`;
  }

  async #unit(unit: UnitId, cause: SetupCause): Promise<string> {
    const { message } = await new CreateUnit(this.#parts).run(unit, (id) => this.#record(id, 'unit', cause));
    return message;
  }

  async #record(roomId: RoomId, kind: string, { actor, eventId, trace }: SetupCause): Promise<void> {
    await this.#parts.audit.append({
      id: `setup:${eventId}:room`,
      action: 'room.create',
      actor,
      outcome: 'done',
      roomId,
      sourceEvent: eventId,
      after: { kind },
      trace,
    });
  }
}
