import type { RoomId, UserId } from '../model/ids.ts';

/**
 * Who owns the accounts, and so what can be done to them. `native`: the homeserver with its own passwords. `mas`: Matrix Authentication Service.
 * `moderation`: only the standard's account moderation (MSC4323): lock and suspend. `refusing`: nothing can be done, and why.
 */
export type AccountsMode =
  | { readonly mode: 'native' | 'mas' | 'moderation'; readonly detail: string }
  | { readonly mode: 'refusing'; readonly reason: string };

/** An account as its owner knows it. undefined: this mode cannot tell. */
export interface Account {
  readonly userId: UserId;
  readonly displayName: string | undefined;
  /** May administer the homeserver itself. */
  readonly isAdmin: boolean | undefined;
  readonly isLocked: boolean | undefined;
  readonly isSuspended: boolean | undefined;
  readonly isDeactivated: boolean | undefined;
}

/** A device in the homeserver's list: what others encrypt to. */
export interface AccountDevice {
  /** To the letter, as whoever signed in chose it: what is acted on. Never put into words or kept: that is for `labelOf`. */
  readonly deviceId: string;
  readonly name: string | undefined;
  /** Unix ms; a few minutes late. */
  readonly lastSeenAt: number | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

/** `device`: a native access token. The others are those of MAS: `browser` is its own sign-in page's, `personal` a token made by an administrator. */
export type SessionKind = 'device' | 'compat' | 'oauth2' | 'browser' | 'personal';

/** Something that can act as the user. */
export interface AccountSession {
  readonly id: string;
  readonly kind: SessionKind;
  /** To the letter; undefined where it belongs to no device. */
  readonly deviceId: string | undefined;
  readonly name: string | undefined;
  /** Unix ms. */
  readonly createdAt: number | undefined;
  readonly lastSeenAt: number | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

/** Where pushes go. The push key, which is a secret of a sort, stays out. */
export interface Pusher {
  readonly app: string;
  readonly deviceName: string | undefined;
}

/** One connection that the homeserver remembers. */
export interface Connection {
  readonly ip: string;
  /** Unix ms. */
  readonly lastSeenAt: number | undefined;
  readonly userAgent: string | undefined;
}

/**
 * What became of a change. `done` is only said of what was looked at afterwards and found to be so; every problem is in plain, PHI-free words, for the
 * room and the audit log.
 */
export interface Change {
  readonly done: boolean;
  /** What was found to be true afterwards. */
  readonly verified: readonly string[];
  /** Until when (Unix ms) a session that was to end may still work; undefined with `mayLive` not empty: until somebody ends it. */
  readonly mayLiveUntil?: number;
  /** The sessions or devices that may still work, e.g. `oauth2 session of device PHONE`. */
  readonly mayLive?: readonly string[];
  /** What could not be done or not be verified, and what to do. */
  readonly problem?: string;
}

/**
 * Looks at accounts and changes them. Reading throws UserError where this mode cannot; both throw RetryableError while a server is away, except
 * that a change which is half done answers so. Repeating a change does no harm.
 */
export interface Accounts {
  /** Asks the servers, where nothing is known yet. */
  mode(): Promise<AccountsMode>;
  /** undefined where there is no such account. */
  find(user: UserId): Promise<Account | undefined>;
  /**
   * Accounts whose display name or localpart contains `text`, of those that are wanted: the first `limit`, and fewer only where there are no more.
   * Throws UserError where too many others fit as well to tell.
   */
  search(text: string, limit: number, isWanted: (user: UserId) => boolean): Promise<readonly Account[]>;
  devices(user: UserId): Promise<readonly AccountDevice[]>;
  /** All that are active. */
  sessions(user: UserId): Promise<readonly AccountSession[]>;
  pushers(user: UserId): Promise<readonly Pusher[]>;
  whois(user: UserId): Promise<readonly Connection[]>;
  joinedRooms(user: UserId): Promise<readonly RoomId[]>;
  /** Ends what acts on this device, whose id is given to the letter. */
  endDevice(user: UserId, deviceId: string): Promise<Change>;
  /** Ends everything that acts as the user. */
  endAllSessions(user: UserId): Promise<Change>;
  lock(user: UserId): Promise<Change>;
  unlock(user: UserId): Promise<Change>;
  suspend(user: UserId): Promise<Change>;
  unsuspend(user: UserId): Promise<Change>;
  /** Undoes a deactivation, which others made. */
  reactivate(user: UserId): Promise<Change>;
}
