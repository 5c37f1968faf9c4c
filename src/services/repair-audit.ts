import type { AuditEntry } from '../model/audit-entry.ts';
import type { GovernedRoom } from '../model/governed-room.ts';
import type { ChangeOutcome } from '../model/room-change.ts';
import { auditableChange } from '../policy/auditable-state.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { Repair } from './look-at-room.ts';

/** What recording needs. */
export interface RepairAuditParts {
  readonly audit: AuditLog;
  readonly transactions: Transactions;
}

/** Repairs that are done together. `trace` is theirs alone. */
export interface RepairBatch {
  readonly room: GovernedRoom;
  readonly repairs: readonly Repair[];
  readonly trace: string;
}

/** What became of those that were not reached, or whose answer was lost, when the homeserver went away. */
const INTERRUPTED: ChangeOutcome = {
  outcome: 'failed',
  problem: 'It was interrupted: the homeserver is away. The room will be checked again.',
};

/** Repairs in the audit log: each before it is done, and how it ended. */
export class RepairAudit {
  readonly #parts: RepairAuditParts;

  constructor(parts: RepairAuditParts) {
    this.#parts = parts;
  }

  /** Before anything is done. */
  async begun(batch: RepairBatch): Promise<void> {
    await this.#append(batch, 'begun', []);
  }

  /** `outcomes` are those of the first repairs; the others were interrupted. */
  async ended(batch: RepairBatch, outcomes: readonly ChangeOutcome[]): Promise<void> {
    const all = batch.repairs.map((_, index) => outcomes[index] ?? INTERRUPTED);
    await this.#append(batch, 'ended', all);
  }

  async #append(
    { room, repairs, trace }: RepairBatch,
    step: 'begun' | 'ended',
    outcomes: readonly ChangeOutcome[],
  ): Promise<void> {
    const { audit, transactions } = this.#parts;
    await transactions.run(async () => {
      for (const [index, repair] of repairs.entries()) {
        await audit.append({
          ...entryOf(room, repair, outcomes[index]),
          action: step === 'begun' ? 'room.repair-begun' : 'room.repair',
          id: `repair:${trace}:${index}:${step}`,
          trace,
        });
      }
    });
  }
}

/** `ended` is undefined before it is done. */
function entryOf(
  room: GovernedRoom,
  { change, by }: Repair,
  ended: ChangeOutcome | undefined,
): Omit<AuditEntry, 'action' | 'trace'> {
  return {
    actor: 'carebridge',
    cause: by.userId === undefined ? 'the policy of the room' : `changed by ${by.userId}`,
    target: 'userId' in change ? change.userId : room.opaqueId,
    roomId: room.roomId,
    ...(by.eventId !== undefined && { sourceEvent: by.eventId }),
    ...auditableChange(change),
    outcome: ended === undefined || ended.outcome === 'applied' ? 'done' : 'failed',
    details: {
      rule: change.rule,
      change: change.kind,
      ...(change.kind === 'set-state' && { type: change.type }),
      why: change.why,
      room: room.opaqueId,
      ...(by.userId !== undefined && { changedBy: by.userId }),
      ...(ended !== undefined && { ended: ended.outcome }),
      ...(ended !== undefined && ended.outcome !== 'applied' && { problem: ended.problem }),
    },
  };
}
