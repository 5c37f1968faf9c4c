import type { AuditAction } from './audit-action.ts';
import type { EventId, RoomId, UserId } from './ids.ts';

/** How it ended. `partial`: some steps done and some not, named in `details`. */
export type AuditOutcome = 'done' | 'refused' | 'failed' | 'partial';

/**
 * One line of the audit log. PHI-free by design: no names of people outside, no numbers, no message text; opaque ids only. `reason` and `ticket`
 * are what an administrator typed and kept encrypted.
 */
export interface AuditEntry {
  /** What was done, in the form `subject.verb`, e.g. `role.give`, `room.repair`, `command.lock`; whether it was refused says `outcome`. */
  readonly action: AuditAction;
  /** The user who did it, or `carebridge` where the bridge acted by itself: then `cause` says upon what (A1). */
  readonly actor: UserId | 'carebridge';
  readonly outcome: AuditOutcome;
  /** Whom or what it was done to: a user id, an opaque id. */
  readonly target?: string;
  readonly roomId?: RoomId;
  /** The event that asked for it. */
  readonly sourceEvent?: EventId;
  readonly cause?: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly details?: unknown;
  /** Ties log lines, room words and the audit together. */
  readonly trace: string;
}
