/** What a hospital's homeserver must be set to, one entry each: a new requirement is one entry here and one line in its test. */
import type { HomeserverSetting, HomeserverSettings } from '../model/homeserver-settings.ts';

/** One thing that must be so. */
export type HomeserverRequirement = { [Setting in HomeserverSetting]: RequirementOf<Setting> }[HomeserverSetting];

interface RequirementOf<Setting extends HomeserverSetting> {
  readonly setting: Setting;
  /** A sentence that is true of a compliant server. */
  readonly what: string;
  /** Left out where it holds whoever owns the accounts. */
  readonly accounts?: 'native' | 'mas';
  readonly isMet: (value: NonNullable<HomeserverSettings[Setting]>) => boolean;
  /** How the operator declares it in our configuration, under `homeserver_declarations`, once it is so. */
  readonly declare: string;
  /** What to write, and where. For what is no setting of a server: what to arrange. */
  readonly fix: (domain: string) => string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The longest time that we call automatic logoff: the rule asks for "a predetermined time of inactivity" and leaves it to the hospital. */
const LONGEST_IDLE_MS = 7 * DAY_MS;
/** The longest life of a session that ends whether it is used or not. */
const LONGEST_SESSION_MS = 30 * DAY_MS;
/** The longest that a device which nobody uses may still be encrypted to. */
const LONGEST_STALE_MS = 90 * DAY_MS;
/** The longest that a stolen access token may be good for. */
const LONGEST_TOKEN_MS = HOUR_MS;

const within = (longest: number) => (ms: number) => ms > 0 && ms <= longest;
const yes = (value: boolean) => value;
const no = (value: boolean) => !value;

/** In the order of the report. */
export const HOMESERVER_REQUIREMENTS: readonly HomeserverRequirement[] = [
  {
    setting: 'registration',
    declare: 'registration: off',
    what: 'Nobody can create an account on their own',
    isMet: (value) => value !== 'open',
    fix: () => homeserverYaml('enable_registration: false'),
  },
  {
    setting: 'guestAccess',
    declare: 'guest_access: false',
    what: 'Nobody uses the server without an account',
    isMet: no,
    fix: () => homeserverYaml('allow_guest_access: false'),
  },
  {
    setting: 'inactiveSessionMs',
    declare: 'inactive_session: 1d',
    accounts: 'mas',
    what: `A session that is not used for some time ends (at most ${inWords(LONGEST_IDLE_MS)})`,
    isMet: within(LONGEST_IDLE_MS),
    fix: () => masYaml('experimental:', '  inactive_session_expiration:', '    ttl: 86400'),
  },
  {
    setting: 'sessionLifetimeMs',
    declare: 'session_lifetime: 7d',
    accounts: 'native',
    what: `A session expires (at most ${inWords(LONGEST_SESSION_MS)} after login)`,
    isMet: within(LONGEST_SESSION_MS),
    fix: () => homeserverYaml('session_lifetime: 7d'),
  },
  {
    setting: 'staleDevicesMs',
    declare: 'delete_stale_devices_after: 30d',
    what: `A device that nobody uses is deleted (after at most ${inWords(LONGEST_STALE_MS)})`,
    isMet: within(LONGEST_STALE_MS),
    fix: () => homeserverYaml('delete_stale_devices_after: 30d'),
  },
  {
    setting: 'accessTokenMs',
    declare: 'refreshable_access_token_lifetime: 5m',
    what: `An access token is short-lived (at most ${inWords(LONGEST_TOKEN_MS)})`,
    isMet: within(LONGEST_TOKEN_MS),
    fix: () => homeserverYaml('refreshable_access_token_lifetime: 5m'),
  },
  {
    setting: 'retention',
    declare: 'retention: true',
    what: 'The server carries out retention',
    isMet: yes,
    fix: () => homeserverYaml('retention:', '  enabled: true'),
  },
  {
    setting: 'encryptionByDefault',
    declare: 'encryption_by_default: all',
    what: 'New rooms are encrypted, also those that staff make',
    isMet: (value) => value !== 'off',
    fix: () => homeserverYaml('encryption_enabled_by_default_for_room_type: all'),
  },
  {
    setting: 'roomDirectory',
    declare: 'room_directory: false',
    what: 'No room is published in the directory',
    isMet: no,
    fix: () =>
      homeserverYaml(
        'enable_room_list_search: false',
        'room_list_publication_rules:',
        '  - user_id: "*"',
        '    action: deny',
      ),
  },
  {
    setting: 'federation',
    declare: 'federation: off',
    what: 'The server talks only to listed servers, or to none',
    isMet: (value) => value !== 'open',
    fix: () => homeserverYaml('federation_domain_whitelist: []'),
  },
  {
    setting: 'tls',
    declare: 'tls: true',
    what: 'Clients reach the server by https',
    isMet: yes,
    fix: (domain) => homeserverYaml(`public_baseurl: "https://${domain}/"`),
  },
  {
    setting: 'limitProfileRequests',
    declare: 'limit_profile_requests: true',
    what: 'Profiles are shown only to those who share a room',
    isMet: yes,
    fix: () =>
      homeserverYaml(
        'require_auth_for_profile_requests: true',
        'limit_profile_requests_to_users_who_share_rooms: true',
      ),
  },
  {
    setting: 'urlPreviews',
    declare: 'url_previews: false',
    what: 'The server does not fetch the pages that links lead to',
    isMet: no,
    fix: () => homeserverYaml('url_preview_enabled: false'),
  },
  {
    setting: 'adminMfa',
    declare: 'admin_mfa: true',
    what: 'Administrators sign in with a second factor',
    isMet: yes,
    fix: () => 'Demand a second factor of administrators in the identity provider that signs them in.',
  },
  {
    setting: 'encryptionAtRest',
    declare: 'encryption_at_rest: true',
    what: 'The server’s disks and backups are encrypted',
    isMet: yes,
    fix: () => 'Put the database, the media and their backups on encrypted disks (LUKS, or the provider’s).',
  },
  {
    setting: 'appPin',
    declare: 'app_pin: true',
    what: 'Phones lock themselves, or the app asks for a PIN: an organisational control, which no server can prove',
    isMet: yes,
    fix: () => 'Demand a screen lock or the app’s PIN in the MDM profile, or in the rules for staff.',
  },
  {
    setting: 'keyBackup',
    declare: 'key_backup: true',
    what: 'Staff keep a recovery key, so that a session which ends does not take their history with it',
    isMet: yes,
    fix: (domain) =>
      [
        `Have staff set up recovery in Element. On https://${domain}/.well-known/matrix/client:`,
        '"io.element.e2ee": {"secure_backup_required": true}',
      ].join('\n'),
  },
];

function homeserverYaml(...lines: string[]): string {
  return ['# homeserver.yaml', ...lines].join('\n');
}

function masYaml(...lines: string[]): string {
  return ['# config.yaml of Matrix Authentication Service', ...lines].join('\n');
}

function inWords(ms: number): string {
  if (ms % DAY_MS === 0) return `${ms / DAY_MS} days`;
  return ms === HOUR_MS ? 'an hour' : `${ms / HOUR_MS} hours`;
}
