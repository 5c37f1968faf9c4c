import type { UserId } from '../model/ids.ts';

/** What we did to an account, and how it was before: what `unlock` restores (D8). */
export interface AccountState {
  readonly userId: UserId;
  /** Before the first change of ours. */
  readonly wasLocked: boolean;
  readonly wasSuspended: boolean;
  /** `locked`: lines skip the user, who stays in rooms (D7). `gone`: offboarded, in no team. */
  readonly absence: 'none' | 'locked' | 'gone';
  /** Who stands in for the user in lines. */
  readonly successor: UserId | undefined;
  readonly by: string;
  /** Unix ms, of the newest change. */
  readonly at: number;
}

/** The accounts that are not as they would be without us. */
export interface AccountStateStore {
  /** From memory once read. */
  current(): Promise<readonly AccountState[]>;
  /** Reads anew: `carebridge admin` writes too. */
  reread(): Promise<void>;
  find(user: UserId): Promise<AccountState | undefined>;
  /** Keeps it in place of what there is. */
  set(state: AccountState): Promise<void>;
  /** Puts `next`, or nothing, in place of `known`; what somebody else has put there since stays. */
  replace(known: AccountState, next: AccountState | undefined): Promise<void>;
}
