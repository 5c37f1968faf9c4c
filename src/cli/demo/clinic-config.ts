/** The files of a throw-away clinic: its configuration and its registration. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRegistration, writeRegistration, type Registration } from '../../matrix/registration.ts';

/** Settings of a section, by their names in the configuration file; or a list, e.g. of roles. */
export type Section = Readonly<Record<string, unknown>> | readonly unknown[];

/** Lines by their id, each with its number and the localparts of its team. */
export type ClinicLines = Readonly<Record<string, { readonly number: string; readonly team: readonly string[] }>>;

/** What the configuration of a clinic says. */
export interface ClinicSettings {
  readonly directory: string;
  readonly domain: string;
  readonly homeserverUrl: string;
  readonly appservicePort: number;
  readonly httpPort: number;
  readonly carrier: { readonly url: string; readonly secret: string };
  readonly lines: ClinicLines;
  readonly admins: readonly string[];
  readonly databaseUrl: string | undefined;
  readonly roomVersion: string | undefined;
  /** Laid over the rest, section by section. */
  readonly overrides: Readonly<Record<string, Section>>;
}

/** Writes carebridge.yaml, with all secrets in it, and returns its path. All JSON is YAML, so no YAML library is needed. */
export async function writeClinicConfig(settings: ClinicSettings): Promise<string> {
  const { directory, domain, databaseUrl, roomVersion } = settings;
  const userId = (localpart: string): string => `@${localpart}:${domain}`;
  const config: Record<string, unknown> = {
    homeserver: { url: settings.homeserverUrl, domain },
    practice: { name: 'Mercy Clinic', contact: '+1 212 555 0100' },
    admins: settings.admins.map(userId),
    carriers: { loopback: { type: 'loopback', ...settings.carrier } },
    lines: Object.entries(settings.lines).map(([id, { number, team }]) => ({ id, number, team: team.map(userId) })),
    appservice: { listen: { port: settings.appservicePort } },
    http: { port: settings.httpPort },
    database: databaseUrl === undefined ? { path: 'carebridge.db' } : { url: databaseUrl },
    // As `carebridge register` makes them.
    secrets: { phi_key: newKey() },
    encryption: { passphrase: newKey() },
    audit: { signing_key: newKey() },
    archive: { key: newKey() },
    ...(roomVersion === undefined ? {} : { rooms: { version: roomVersion } }),
  };
  for (const [name, section] of Object.entries(settings.overrides)) {
    config[name] = Array.isArray(section) ? section : { ...(config[name] as Section | undefined), ...section };
  }
  const path = join(directory, 'carebridge.yaml');
  await writeFile(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return path;
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}

/** Writes registration.yaml where the configuration expects it, and returns its path. */
export function writeClinicRegistration(
  directory: string,
  domain: string,
  url: string,
): { path: string; registration: Registration } {
  const path = join(directory, 'registration.yaml');
  // The names are the configuration's defaults.
  const registration = makeRegistration({ domain, url, bot: 'carebridge', ghostPrefix: 'carebridge_' });
  writeRegistration(path, registration);
  return { path, registration };
}
