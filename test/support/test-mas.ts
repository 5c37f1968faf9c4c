/** Matrix Authentication Service as tests and stories drive it, whether it is played or real. */

/** The kinds of sessions. `browser` is that of MAS's own pages: it has no token for Matrix. */
export type MasSessionKind = 'compat' | 'oauth2' | 'browser' | 'personal';

/** A session that was made. */
export interface MasLogin {
  /** A ULID. */
  readonly id: string;
  readonly kind: MasSessionKind;
  /** For the homeserver; empty for `browser`. */
  readonly token: string;
}

/** A running MAS, apart from the homeserver that it belongs to. */
export interface TestMas {
  readonly url: string;
  /** Of the client that may use the admin API. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** What homeserver and MAS share. */
  readonly secret: string;
  /** Makes an account, in the homeserver too. */
  addUser(localpart: string, options?: { readonly admin?: boolean }): Promise<unknown>;
  /** Throws where the account may not log in. `personal` needs no device. */
  login(localpart: string, kind: MasSessionKind, deviceId?: string): Promise<MasLogin>;
  /** Stopped, nothing that changed reaches the homeserver. */
  setWorker(isRunning: boolean): Promise<void>;
  setUp(isUp: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** The settings of a Synapse whose accounts belong to MAS. */
export function synapseWithMas({ url, secret }: Pick<TestMas, 'url' | 'secret'>): Record<string, unknown> {
  return {
    matrix_authentication_service: { enabled: true, endpoint: url, secret },
    password_config: { enabled: false },
  };
}

/** The section `accounts` of carebridge.yaml. `adminUser`: in whose name Synapse's admin API is used. */
export function accountsWithMas({ url, clientId, clientSecret }: TestMas, adminUser: string): Record<string, unknown> {
  return { mas_url: url, mas_client_id: clientId, mas_client_secret: clientSecret, mas_admin_user: adminUser };
}
