import type { UserId } from '../model/ids.ts';
import type { RoleId } from '../model/role.ts';

/** Who a directory says has which role. */
export interface DirectoryMember {
  readonly userId: UserId;
  readonly roleIds: ReadonlySet<RoleId>;
}

/** A directory of the hospital, e.g. LDAP groups. Read only. */
export interface IdentitySource {
  readonly name: string;
  /**
   * Everybody it knows with at least one mapped role; a complete answer or an exception: a half answer would take roles from people. Throws
   * RetryableError where it cannot be read.
   */
  members(): Promise<readonly DirectoryMember[]>;
  /** undefined where it answers, else what is wrong in plain words: for `doctor` and `/ready`. */
  check(): Promise<string | undefined>;
}
