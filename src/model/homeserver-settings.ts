/**
 * What of the homeserver's set-up bears on compliance, as far as it is known. The same shape holds what was verified by asking the homeserver and what
 * the operator declares of settings that nobody can ask for. A setting that is left out is not known. Time spans are in ms; 0 means "never".
 */
export interface HomeserverSettings {
  /** May anybody make an account? `token`: only with a registration token. */
  readonly registration?: 'off' | 'token' | 'open';
  /** May somebody use the server without an account? */
  readonly guestAccess?: boolean;
  /** A session unused for this long ends: MAS `experimental.inactive_session_expiration.ttl`. */
  readonly inactiveSessionMs?: number;
  /** A session ends this long after its log-in: Synapse `session_lifetime`. Only where Synapse owns the accounts. */
  readonly sessionLifetimeMs?: number;
  /** A device unused for this long is deleted: Synapse `delete_stale_devices_after`. */
  readonly staleDevicesMs?: number;
  /** A token that can be refreshed is good for this long: Synapse `refreshable_access_token_lifetime`, or MAS's. */
  readonly accessTokenMs?: number;
  /** Does the server carry out retention (`retention.enabled`)? */
  readonly retention?: boolean;
  /** `encryption_enabled_by_default_for_room_type`. */
  readonly encryptionByDefault?: 'off' | 'invite' | 'all';
  /** May rooms be published in the server's directory? */
  readonly roomDirectory?: boolean;
  /** With which other servers? `listed`: `federation_domain_whitelist` names them. */
  readonly federation?: 'off' | 'listed' | 'open';
  /** Do clients reach the server by https with a certificate that they believe? */
  readonly tls?: boolean;
  /** Are profiles shown only to those who share a room? */
  readonly limitProfileRequests?: boolean;
  /** Does the server fetch the pages that links in messages lead to? */
  readonly urlPreviews?: boolean;
  /** Must administrators sign in with a second factor? */
  readonly adminMfa?: boolean;
  /** Are the server's disks and back-ups encrypted? */
  readonly encryptionAtRest?: boolean;
  /** Must phones lock themselves, or the app ask for a PIN (MDM)? Nothing on a server can tell (C3). */
  readonly appPin?: boolean;
  /** Must staff keep a recovery key, so that a session which ends does not take their history with it? */
  readonly keyBackup?: boolean;
}

/** The name of one of them. */
export type HomeserverSetting = keyof HomeserverSettings;

/** What the homeserver itself told. */
export interface HomeserverFacts {
  /** Who owns the accounts. */
  readonly accounts: 'native' | 'mas' | 'unknown';
  /** Of the homeserver's software, e.g. `Synapse/1.163.2`; undefined where it is hidden. */
  readonly software: string | undefined;
  readonly verified: HomeserverSettings;
  /** What could not be asked, in plain words, e.g. that the homeserver is away. */
  readonly problems: readonly string[];
}
