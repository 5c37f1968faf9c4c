/** The homeserver.yaml of a throw-away Synapse. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SynapseSettings {
  /** Everything of this homeserver lives here. */
  readonly directory: string;
  readonly domain: string;
  readonly port: number;
  readonly registrationSecret: string;
  /** Paths of appservice registration files. */
  readonly registrations: readonly string[];
  /** Default version of new rooms, or Synapse's own default. */
  readonly roomVersion?: string | undefined;
  /** Settings laid over these, by their names in homeserver.yaml. */
  readonly extraConfig?: Readonly<Record<string, unknown>> | undefined;
}

const UNLIMITED = { per_second: 100_000, burst_count: 100_000 };

/**
 * Writes configuration, logging and signing key, and returns the path of homeserver.yaml. Made by hand because Synapse's own
 * `--generate-config` takes two seconds. All JSON is YAML, so no YAML library is needed.
 */
export async function writeSynapseConfig(settings: SynapseSettings): Promise<string> {
  const { directory, domain, port } = settings;
  const secret = (): string => randomBytes(24).toString('hex');
  const path = (name: string): string => join(directory, name);
  await mkdir(directory, { recursive: true });

  const config = {
    server_name: domain,
    public_baseurl: `http://127.0.0.1:${port}/`,
    pid_file: path('homeserver.pid'),
    listeners: [
      {
        port,
        bind_addresses: ['127.0.0.1'],
        type: 'http',
        tls: false,
        // No federation: this homeserver knows nobody, and nobody knows it.
        resources: [{ names: ['client'], compress: false }],
      },
    ],
    database: { name: 'sqlite3', args: { database: path('homeserver.db') } },
    log_config: path('log.config'),
    media_store_path: path('media'),
    signing_key_path: path('signing.key'),
    registration_shared_secret: settings.registrationSecret,
    macaroon_secret_key: secret(),
    form_secret: secret(),
    report_stats: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    federation_domain_whitelist: [],
    presence: { enabled: false },
    // The least bcrypt allows: logging in costs milliseconds and not a quarter of a second.
    bcrypt_rounds: 4,
    // A client that was away gets everything it missed in one piece.
    filter_timeline_limit: 5000,
    app_service_config_files: settings.registrations,
    ...(settings.roomVersion === undefined ? {} : { default_room_version: settings.roomVersion }),
    rc_message: UNLIMITED,
    rc_registration: UNLIMITED,
    rc_admin_redaction: UNLIMITED,
    rc_login: { address: UNLIMITED, account: UNLIMITED, failed_attempts: UNLIMITED },
    rc_joins: { local: UNLIMITED, remote: UNLIMITED },
    rc_joins_per_room: UNLIMITED,
    rc_invites: { per_room: UNLIMITED, per_user: UNLIMITED, per_issuer: UNLIMITED },
    rc_room_creation: UNLIMITED,
    rc_media_create: UNLIMITED,
    rc_key_requests: UNLIMITED,
    ...settings.extraConfig,
  };
  const logging = {
    version: 1,
    formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s %(request)s %(message)s' } },
    handlers: { file: { class: 'logging.FileHandler', formatter: 'line', filename: path('homeserver.log') } },
    root: { level: 'WARNING', handlers: ['file'] },
    disable_existing_loggers: false,
  };

  await Promise.all([
    writeFile(path('homeserver.yaml'), JSON.stringify(config, undefined, 2)),
    writeFile(path('log.config'), JSON.stringify(logging, undefined, 2)),
    // The seed of an ed25519 key in unpadded base64.
    writeFile(path('signing.key'), `ed25519 a_demo ${randomBytes(32).toString('base64').replace(/=+$/, '')}\n`, {
      mode: 0o600,
    }),
  ]);
  return path('homeserver.yaml');
}
