/** Roles, units, classes, directory, accounts and audit in the configuration. */
import { expect } from 'chai';
import { dirname } from 'node:path';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { Config } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { BUILT_IN_CLASSES } from '../../../src/model/built-in-classes.ts';
import { BUILT_IN_ROLES } from '../../../src/model/built-in-roles.ts';
import { configFolder, MINIMAL } from '../../support/config-folder.ts';

async function load(more = ''): Promise<Config> {
  return loadConfig(await configFolder(MINIMAL + more), {});
}

async function problemsOf(more: string): Promise<string[]> {
  const path = await configFolder(MINIMAL + more);
  try {
    loadConfig(path, {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(`${dirname(path)}/`, '').replace(/^[^ ]+ /, ''));
  }
}

const ROLE = 'roles: [{id: nurse, permissions: [use-commands], classes: [phi], units: [icu]}]\n';
const UNIT = 'units: [{id: icu, name: Intensive care}]\n';
const LDAP = 'directory: {url: "ldaps://ldap.test", base: "dc=hospital"';

describe('the care policy in the configuration', () => {
  it('is the built-in one where nothing is said: existing files work as before', async () => {
    const config = await load();
    expect([...config.roles.keys()]).to.deep.equal([...BUILT_IN_ROLES.keys()]);
    expect(config.phiClasses).to.deep.equal(BUILT_IN_CLASSES);
    expect(config.units).to.deep.equal([]);
    expect(config.directory).to.equal(undefined);
    expect(config.homeserverDeclarations).to.deep.equal({});
    expect(config.accounts).to.deep.equal({
      adapter: 'auto',
      adminToken: undefined,
      mas: undefined,
      protectedUsers: new Set(),
      watch: { everyMs: 300_000, verifyWithinMs: 3_600_000, unusedMs: 90 * 86_400_000 },
    });
    const { checkpointFile, ...audit } = config.audit;
    expect(audit).to.deep.equal({ signingKey: undefined, signEveryMs: 86_400_000 });
    expect(checkpointFile).to.match(/\/audit-checkpoint\.json$/);
    expect(config.governance).to.deep.equal({
      isDryRun: false,
      sweepIntervalMs: 600_000,
      warRepairs: 5,
      warWindowMs: 600_000,
      warPauseMs: 3_600_000,
    });
  });

  it('A9 protects the account that account control acts by, beside those that are named', async () => {
    const { accounts } = await load(
      'accounts: {mas_admin_user: "@act:hospital.test", protected: ["@monitor:hospital.test"]}\n',
    );
    expect([...accounts.protectedUsers]).to.have.members(['@act:hospital.test', '@monitor:hospital.test']);
  });

  it('takes roles and units', async () => {
    const config = await load(
      `${UNIT}roles:\n  - {id: nurse, name: Nurse, power: 50, permissions: [use-commands], commands: [role list, who], classes: [phi], units: [icu], idle_logoff: 12h}\n  - {id: chief, units: [all]}\n`,
    );
    expect(config.units).to.deep.equal([{ id: 'icu', name: 'Intensive care' }]);
    expect([...config.roles.values()].at(-2)).to.deep.equal({
      id: 'nurse',
      name: 'Nurse',
      power: 50,
      permissions: new Set(['use-commands']),
      classes: new Set(['phi']),
      commands: new Set(['role list', 'who']),
      units: new Set(['icu']),
      idleLogoffMs: 43_200_000,
    });
    expect([...config.roles.values()].at(-1)).to.deep.include({ name: 'chief', power: 0, units: 'all' });
    expect([...config.roles.values()].at(-1)?.permissions.size, 'nothing said is nothing permitted').to.equal(0);
  });

  it('lets a built-in role be defined anew', async () => {
    const config = await load('roles: [{id: line-team, permissions: [text-patients], classes: [phi]}]\n');
    expect(config.roles.size).to.equal(2);
    expect([...config.roles.values()][1]?.permissions).to.deep.equal(new Set(['text-patients']));
  });

  it('takes what a hospital may choose of a class, and leaves the rest', async () => {
    const { phiClasses } = await load(
      'phi_classes:\n  phi: {servers: [clinic.example], allowed_bots: ["@bot:hospital.example"], invite_power: 90}\n  sensitive: {text_out: true}\ngovernance: {marker: name}\n',
    );
    expect(phiClasses.phi).to.deep.equal({
      ...BUILT_IN_CLASSES.phi,
      federation: ['clinic.example'],
      allowedBots: new Set(['@bot:hospital.example']),
      invitePower: 90,
      marker: { where: 'name', text: 'Patient data (PHI).' },
    });
    expect(phiClasses.sensitive).to.include({ mayTextOut: true, isEncryptionRequired: true, federation: 'own-server' });
  });

  it('takes declarations of the homeserver, never as 0 (C1)', async () => {
    const { homeserverDeclarations } = await load(
      'homeserver_declarations: {session_lifetime: never, inactive_session: 12h, tls: true, federation: off}\n',
    );
    expect(homeserverDeclarations).to.deep.equal({
      sessionLifetimeMs: 0,
      inactiveSessionMs: 43_200_000,
      tls: true,
      federation: 'off',
    });
  });

  const wrong: readonly [what: string, yaml: string, problems: readonly string[]][] = [
    [
      'a unit that is not there',
      UNIT + ROLE.replace('[icu]', '[icv]'),
      ['roles[0].units[0]: there is no such unit; did you mean icu?'],
    ],
    [
      'a unit where there are none',
      ROLE,
      ['roles[0].units[0]: there is no such unit; use one of all, or add it to units'],
    ],
    [
      'a permission that is not there',
      'roles: [{id: a, permissions: [manage-role]}]\n',
      ['roles[0].permissions[0]: it is none of the choices; did you mean manage-roles?'],
    ],
    [
      'a class that is not there',
      'roles: [{id: a, classes: [PHI]}]\n',
      ['roles[0].classes[0]: it is none of the choices; use one of none, phi, sensitive'],
    ],
    [
      'more power than the bot can put right',
      'roles: [{id: a, power: 100}]\n',
      ['roles[0].power: the bot, which has 100, could not undo what its holder does; write at most 90'],
    ],
    ...[
      ...['governance.sweep_interval', 'governance.war_window', 'governance.war_pause', 'directory.interval'],
      ...['directory.timeout', 'audit.sign_every', 'commands.confirm_within'],
    ].map((key): [string, string, string[]] => {
      const [section = '', name = ''] = key.split('.');
      return [`${key} 0`, `${section}: {${name}: 0}\n`, [`${key}: it is too short; write at least 1s`]];
    }),
    [
      'a session that is over at once',
      ROLE.replace('[icu]', '[all], idle_logoff: 0'),
      ['roles[0].idle_logoff: it is too short; write at least 60s'],
    ],
    [
      'the same role twice',
      'roles: [{id: a}, {id: a}]\n',
      ['roles[1].id: it is the same as that of roles[0]; give each its own'],
    ],
    [
      'the same unit twice, and one called all',
      'units: [{id: a, name: A}, {id: a, name: B}, {id: all, name: C}]\n',
      [
        'units[1].id: it is the same as that of units[0]; give each its own',
        'units[2].id: all stands for every unit; choose another one',
      ],
    ],
    [
      'that nobody can give roles',
      'roles: [{id: administrator, permissions: [use-commands]}]\n',
      [
        'roles[0].permissions: nobody could have the permission manage-roles: neither everybody in admins, nor anybody by the directory; add manage-roles here, or map a directory group to a role that has it',
      ],
    ],
    [
      'a directory without an address',
      'directory: {base: "dc=hospital"}\n',
      [
        'directory.url: it is missing, set it, such as url: ldaps://ldap.hospital.example:636'.replace(
          ', set',
          '; set',
        ),
      ],
    ],
    [
      'a directory without people',
      'directory: {url: "ldaps://ldap.test"}\n',
      ['directory.base: it is missing; set it, such as base: "ou=people,dc=hospital,dc=example"'],
    ],
    [
      'a password without a name',
      `${LDAP}, password: x}\n`,
      ['directory.bind_dn: it is missing, and password is given; give both, or neither'],
    ],
    [
      'a directory in the clear',
      'directory: {url: "ldap://ldap.test", base: "dc=hospital", start_tls: false}\n',
      [
        'directory.start_tls: names, and the password, would cross the network unencrypted; write start_tls: true, or use an ldaps:// address',
      ],
    ],
    [
      'a password in the address',
      'directory: {url: "ldaps://a:b@ldap.test", base: "dc=hospital"}\n',
      ['directory.url: it has more than a server and a port; use bind_dn, password and base for the rest'],
    ],
    [
      'a group of a role that is not there',
      `${UNIT}${ROLE}${LDAP}, groups: [{group: "cn=nurses", role: nurs}]}\n`,
      ['directory.groups[0].role: there is no such role; did you mean nurse?'],
    ],
    [
      'half of MAS',
      'accounts: {adapter: mas, mas_url: "http://127.0.0.1:8080"}\n',
      [
        'accounts.mas_client_id: it is missing, and Matrix Authentication Service is to be used; set it',
        'accounts.mas_client_secret: it is missing, and Matrix Authentication Service is to be used; set it',
      ],
    ],
    [
      'a signing key that is none',
      'audit: {signing_key: c2hvcnQ=}\n',
      ['audit.signing_key: it is not 32 bytes in base64; make one with: openssl rand -base64 32'],
    ],
    [
      'classes that cannot be chosen',
      'phi_classes: {sensitive: {joining: restricted}, phi: {history_visibility: shared}}\n',
      [
        'phi_classes.sensitive.joining: there is no such setting; use one of invite_power, verified_devices, text_out, retention, marker',
        'phi_classes.phi.history_visibility: there is no such setting; use one of joining, servers, invite_power, allowed_bots, verified_devices, text_out, retention, marker',
      ],
    ],
  ];
  for (const [what, yaml, problems] of wrong) {
    it(`refuses ${what}`, async () => {
      expect(await problemsOf(yaml)).to.deep.equal(problems);
    });
  }

  it('accepts that roles are given by whom the directory says', async () => {
    const roles =
      'roles: [{id: administrator, permissions: [use-commands]}, {id: hr, permissions: [use-commands, manage-roles]}]\n';
    expect(await problemsOf(`${roles}${LDAP}, groups: [{group: "cn=hr", role: hr}]}\n`)).to.deep.equal([]);
  });
});
