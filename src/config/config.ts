/** The configuration as the program uses it: complete, checked, secrets read. Made by `load-config.ts` alone. */
import type { ClassRules } from '../model/care-policy.ts';
import type { HomeserverSettings } from '../model/homeserver-settings.ts';
import type { LineId, UserId } from '../model/ids.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { Role, RoleId, Unit } from '../model/role.ts';
import type { Country, PhoneNumber } from '../model/phone-number.ts';

export interface Config {
  readonly homeserver: {
    /** The client-server API, e.g. `http://127.0.0.1:8008`. */
    readonly url: string;
    /** The server name in user ids, e.g. `hospital.example`. */
    readonly domain: string;
  };
  readonly appservice: {
    /** Where the homeserver reaches us, as written into the registration. */
    readonly url: string;
    /** What we listen on for the homeserver. */
    readonly listen: ListenAddress;
    /** The registration file, written by `carebridge register`. */
    readonly registration: string;
    /** Localpart of the bot. Never the registration's sender_localpart. */
    readonly bot: string;
    /** What the localparts of ghosts and aliases start with. */
    readonly ghostPrefix: string;
  };
  /** What we listen on for carriers, health and metrics. */
  readonly http: ListenAddress & {
    /** Where carriers reach us, e.g. `https://texts.hospital.example`. */
    readonly publicUrl: string;
  };
  readonly database:
    { readonly dialect: 'sqlite'; readonly path: string } | { readonly dialect: 'postgres'; readonly url: string };
  readonly secrets: {
    /** 32 bytes each; the first encrypts, all decrypt. The id is the first 8 hex digits of the key's SHA-256. */
    readonly phiKeys: readonly PhiKey[];
  };
  readonly encryption: {
    readonly engine: 'wasm' | 'native';
    /** Folder of the crypto store. */
    readonly store: string;
    /** Encrypts the crypto store. */
    readonly passphrase: string;
    /** What is accepted from staff. */
    readonly trust: 'cross-signed' | 'cross-signed-or-legacy' | 'any';
    /** How long an event waits for its key before the room is told. */
    readonly keyNoticeAfterMs: number;
    /** A ghost's machine unused for this long is dropped from memory. */
    readonly idleGhostMs: number;
  };
  readonly practice: {
    /** Named in texts to patients. */
    readonly name: string;
    /** What HELP answers with, e.g. a phone number. */
    readonly contact: string;
    /** Country whose numbers may be typed without `+`. ISO 3166-1 alpha-2. */
    readonly country: Country;
  };
  readonly carriers: ReadonlyMap<string, CarrierConfig>;
  readonly lines: readonly LineConfig[];
  /** Told of everything that could not be done; members of the command room. */
  readonly admins: readonly UserId[];
  readonly commands: {
    /** `!care` */
    readonly prefix: string;
    /** How long a confirmation is waited for. ms. */
    readonly confirmWithinMs: number;
  };
  readonly consent: {
    readonly wordingVersion: string;
    /** The risk warning. `{practice}` is replaced. PHI-free, and names YES, STOP and HELP. */
    readonly warning: string;
    readonly stopConfirmation: string;
    readonly help: string;
    /** Send the warning to an unknown number that texts in. */
    readonly warnOnFirstContact: boolean;
    /** undefined: nobody is asked who they are. */
    readonly identity: { readonly tries: number; readonly validForMs: number } | undefined;
    readonly identityQuestion: string;
  };
  readonly rooms: {
    /** Room version for new rooms; undefined is the homeserver's default. */
    readonly version: string | undefined;
  };
  readonly units: readonly Unit[];
  /** The built-in ones too. */
  readonly roles: ReadonlyMap<RoleId, Role>;
  readonly phiClasses: Readonly<Record<PhiClass, ClassRules>>;
  readonly governance: {
    /** What would be changed is only reported. */
    readonly isDryRun: boolean;
    readonly sweepIntervalMs: number;
    /** As many repairs of the same thing within `warWindowMs` are a war with somebody else: it is then left alone for `warPauseMs`. */
    readonly warRepairs: number;
    readonly warWindowMs: number;
    readonly warPauseMs: number;
  };
  /** How long emergency access lasts. ms. */
  readonly breakGlass: { readonly defaultMs: number; readonly maxMs: number };
  /** undefined: none is asked. */
  readonly directory: DirectoryConfig | undefined;
  readonly accounts: AccountsConfig;
  readonly audit: {
    /** Seed of an Ed25519 key, 32 bytes; undefined: not signed. */
    readonly signingKey: Uint8Array | undefined;
    readonly signEveryMs: number;
    /** Where the last signed checkpoint is remembered. */
    readonly checkpointFile: string;
  };
  readonly archive: {
    readonly database: Config['database'];
    /** As `secrets.phiKeys`; undefined: nothing is archived. */
    readonly keys: readonly PhiKey[] | undefined;
  };
  /** What the operator states of the homeserver (C1). */
  readonly homeserverDeclarations: HomeserverSettings;
  readonly retention: {
    /** Message bodies in inbox and outbox are wiped this long after they are done. 0 is at once. */
    readonly wipeAfterMs: number;
    readonly keepParkedMs: number;
  };
  readonly queue: { readonly concurrency: number; readonly maxAttempts: number };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
}

/** An LDAP directory whose groups give roles. */
export interface DirectoryConfig {
  readonly url: string;
  readonly startTls: boolean;
  /** PEM file. */
  readonly caFile: string | undefined;
  readonly bindDn: string | undefined;
  readonly password: string | undefined;
  readonly people: {
    readonly base: string;
    readonly filter: string;
    /** Attribute of the localpart. */
    readonly localpart: string;
    /** Attribute that `memberUid` names. */
    readonly uid: string;
  };
  readonly groups: readonly { readonly dn: string; readonly role: RoleId }[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly pageSize: number;
  /** The part of the people who have a role by it, 0 to 1, from whom one reading may take roles. */
  readonly mostRemovals: number;
}

/** How accounts are controlled. */
export interface AccountsConfig {
  /** `auto`: as the homeserver says. Anything else is checked against that, and refuses where it is not so. */
  readonly adapter: 'auto' | 'native' | 'mas' | 'moderation';
  /** May use Synapse's admin API; undefined: the `as_token` is tried (its sender must be an admin), or under MAS one is made. */
  readonly adminToken: string | undefined;
  readonly mas:
    | {
        readonly url: string;
        readonly clientId: string;
        readonly clientSecret: string;
        /** In whose name Synapse's admin API is used under MAS. */
        readonly adminUser: UserId | undefined;
      }
    | undefined;
  /** Never touched by a command. */
  readonly protectedUsers: ReadonlySet<UserId>;
  /** The watch over sign-ins. */
  readonly watch: {
    /** Between two rounds; changes are looked at when they are heard of. */
    readonly everyMs: number;
    readonly verifyWithinMs: number;
    readonly unusedMs: number;
  };
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface PhiKey {
  readonly id: string;
  readonly key: Uint8Array;
}

export interface LineConfig {
  readonly id: LineId;
  readonly number: PhoneNumber;
  readonly carrier: string;
  readonly team: readonly UserId[];
}

export type CarrierConfig =
  | {
      readonly type: 'loopback';
      /** The simulated carrier's address. */
      readonly url: string;
      /** Signs requests both ways (HMAC-SHA256). */
      readonly secret: string;
    }
  | {
      readonly type: 'kannel';
      /** smsbox's sendsms address, e.g. `http://127.0.0.1:13013/cgi-bin/sendsms`. */
      readonly url: string;
      readonly username: string;
      readonly password: string;
      /** `smsc=` routing hint. */
      readonly smsc: string | undefined;
      /** Secret path segment of our webhooks, since Kannel signs nothing. */
      readonly webhookSecret: string;
      /** bearerbox's status address for `doctor`, e.g. `http://127.0.0.1:13000`. */
      readonly statusUrl: string | undefined;
      readonly statusPassword: string | undefined;
    };
