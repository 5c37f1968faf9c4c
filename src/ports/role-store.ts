import type { UserId } from '../model/ids.ts';
import type { RoleAssignment, RoleId, RoleSource } from '../model/role.ts';

/** Who has which role, now and at any earlier time. Rows are never removed: taking back writes `until`. */
export interface RoleStore {
  /** All that are in effect now; from memory once read. */
  current(): Promise<readonly RoleAssignment[]>;
  /** Reads anew what is in effect: `carebridge roles` writes too. Returns whether that had changed. */
  reread(): Promise<boolean>;
  /** What was in effect at `at` (Unix ms) (F7). */
  asOf(at: number): Promise<readonly RoleAssignment[]>;
  /** Every assignment of a user, oldest first. */
  history(userId: UserId): Promise<readonly RoleAssignment[]>;
  /** Returns false where this source gives the user this role already. */
  give(assignment: {
    readonly userId: UserId;
    readonly roleId: RoleId;
    readonly source: RoleSource;
    readonly givenBy: string;
    readonly at: number;
  }): Promise<boolean>;
  /** Ends what `source` gave. Returns false where there was nothing. */
  take(assignment: {
    readonly userId: UserId;
    readonly roleId: RoleId;
    readonly source: RoleSource;
    readonly takenBy: string;
    readonly at: number;
  }): Promise<boolean>;
}
