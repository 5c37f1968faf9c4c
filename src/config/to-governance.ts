import type { ClassRules } from '../model/care-policy.ts';
import { BUILT_IN_CLASSES } from '../model/built-in-classes.ts';
import { BUILT_IN_ROLES } from '../model/built-in-roles.ts';
import type { HomeserverSettings } from '../model/homeserver-settings.ts';
import type { PhiClass } from '../model/phi-class.ts';
import type { Role, RoleId, Unit, UnitId } from '../model/role.ts';
import type { AccountsConfig, Config, DirectoryConfig } from './config.ts';
import type { Values } from './schema.ts';

/** The care policy's part of the configuration. */
export function toGovernance(
  values: Values,
): Pick<
  Config,
  | 'units'
  | 'roles'
  | 'phiClasses'
  | 'governance'
  | 'breakGlass'
  | 'directory'
  | 'accounts'
  | 'audit'
  | 'homeserverDeclarations'
> {
  const { governance, audit } = values;
  return {
    units: values.units.map(({ id, name }): Unit => ({ id: id as UnitId, name })),
    roles: new Map([...BUILT_IN_ROLES, ...values.roles.map(toRole)]),
    phiClasses: toClasses(values),
    governance: {
      isDryRun: governance.dry_run,
      sweepIntervalMs: governance.sweep_interval,
      warRepairs: governance.war_repairs,
      warWindowMs: governance.war_window,
      warPauseMs: governance.war_pause,
    },
    breakGlass: { defaultMs: values.break_glass.default, maxMs: values.break_glass.max },
    directory: toDirectory(values),
    accounts: toAccounts(values),
    audit: {
      signingKey: audit.signing_key,
      signEveryMs: audit.sign_every,
      checkpointFile: audit.checkpoint_file,
    },
    homeserverDeclarations: toDeclarations(values),
  };
}

function toRole(values: Values['roles'][number]): readonly [RoleId, Role] {
  const id = values.id as RoleId;
  return [
    id,
    {
      id,
      name: values.name ?? values.id,
      power: values.power,
      permissions: new Set(values.permissions),
      commands: values.commands.length === 0 ? 'all' : new Set(values.commands),
      classes: new Set(values.classes),
      units: values.units.includes('all') ? 'all' : new Set(values.units as UnitId[]),
      idleLogoffMs: values.idle_logoff,
    },
  ];
}

function toClasses({ phi_classes: { none, phi, sensitive }, governance }: Values): Record<PhiClass, ClassRules> {
  const where = governance.marker;
  return {
    none: {
      ...BUILT_IN_CLASSES.none,
      historyVisibility: none.history_visibility,
      joining: none.joining,
      federation: none.federation,
      invitePower: none.invite_power,
      allowedBots: new Set(none.allowed_bots),
      retentionClass: none.retention,
      marker: { where, text: none.marker },
    },
    phi: {
      ...BUILT_IN_CLASSES.phi,
      joining: phi.joining,
      federation: phi.servers.length === 0 ? 'own-server' : phi.servers,
      invitePower: phi.invite_power,
      allowedBots: new Set(phi.allowed_bots),
      areVerifiedDevicesRequired: phi.verified_devices,
      mayTextOut: phi.text_out,
      retentionClass: phi.retention,
      marker: { where, text: phi.marker },
    },
    sensitive: {
      ...BUILT_IN_CLASSES.sensitive,
      invitePower: sensitive.invite_power,
      areVerifiedDevicesRequired: sensitive.verified_devices,
      mayTextOut: sensitive.text_out,
      retentionClass: sensitive.retention,
      marker: { where, text: sensitive.marker },
    },
  };
}

function toDirectory({ directory }: Values): DirectoryConfig | undefined {
  const { url, base } = directory;
  if (url === undefined || base === undefined) return undefined;
  return {
    url,
    startTls: directory.start_tls,
    caFile: directory.ca_file,
    bindDn: directory.bind_dn,
    password: directory.password,
    people: { base, filter: directory.filter, localpart: directory.localpart, uid: directory.uid },
    groups: directory.groups.map(({ group, role }) => ({ dn: group, role: role as RoleId })),
    intervalMs: directory.interval,
    timeoutMs: directory.timeout,
    pageSize: directory.page_size,
    mostRemovals: directory.most_removals / 100,
  };
}

function toAccounts({ accounts }: Values): AccountsConfig {
  const { mas_url: url, mas_client_id: clientId, mas_client_secret: clientSecret } = accounts;
  const isMasKnown = url !== undefined && clientId !== undefined && clientSecret !== undefined;
  return {
    adapter: accounts.adapter,
    adminToken: accounts.admin_token,
    mas: isMasKnown ? { url, clientId, clientSecret, adminUser: accounts.mas_admin_user } : undefined,
    // Without the one that we act by, nothing could be undone.
    protectedUsers: new Set([...accounts.protected, accounts.mas_admin_user].filter((user) => user !== undefined)),
    watch: {
      everyMs: accounts.watch_every,
      verifyWithinMs: accounts.watch_verify_within,
      unusedMs: accounts.watch_unused,
    },
  };
}

function toDeclarations({ homeserver_declarations: declared }: Values): HomeserverSettings {
  const settings = {
    registration: declared.registration,
    guestAccess: declared.guest_access,
    inactiveSessionMs: declared.inactive_session,
    sessionLifetimeMs: declared.session_lifetime,
    staleDevicesMs: declared.delete_stale_devices_after,
    accessTokenMs: declared.refreshable_access_token_lifetime,
    retention: declared.retention,
    encryptionByDefault: declared.encryption_by_default,
    roomDirectory: declared.room_directory,
    federation: declared.federation,
    tls: declared.tls,
    limitProfileRequests: declared.limit_profile_requests,
    urlPreviews: declared.url_previews,
    adminMfa: declared.admin_mfa,
    encryptionAtRest: declared.encryption_at_rest,
    appPin: declared.app_pin,
    keyBackup: declared.key_backup,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
