/** Whether roles, units, the directory and account control fit together. */
import { ADMINISTRATOR, BUILT_IN_ROLES } from '../model/built-in-roles.ts';
import { MAX_ROLE_POWER } from '../model/role.ts';
import { nearestName } from './nearest-name.ts';
import type { Report } from './problems.ts';
import type { IncompleteValues } from './schema.ts';

/** Runs them. */
export function checkGovernance(values: IncompleteValues, report: Report): void {
  for (const check of [
    checkIds,
    checkPower,
    checkUnits,
    checkBreakGlass,
    checkDirectory,
    checkWhoGivesRoles,
    checkAccounts,
  ]) {
    check(values, report);
  }
}

function checkIds({ units, roles }: IncompleteValues, report: Report): void {
  for (const [key, list] of [
    ['units', units],
    ['roles', roles],
  ] as const) {
    const seen = new Map<string, number>();
    list?.forEach((item, index) => {
      const id = item?.id;
      if (id === undefined) return;
      const first = seen.get(id);
      if (first === undefined) seen.set(id, index);
      else report(`${key}[${index}].id`, `it is the same as that of ${key}[${first}]`, 'give each its own');
      if (key === 'units' && id === 'all')
        report(`units[${index}].id`, 'all stands for every unit', 'choose another one');
    });
  }
}

function checkPower({ roles }: IncompleteValues, report: Report): void {
  roles?.forEach((role, index) => {
    if (role?.power === undefined || role.power <= MAX_ROLE_POWER) return;
    const problem = 'the bot, which has 100, could not undo what its holder does';
    report(`roles[${index}].power`, problem, `write at most ${MAX_ROLE_POWER}`);
  });
}

function checkBreakGlass({ break_glass: breakGlass }: IncompleteValues, report: Report): void {
  const { default: usual, max } = breakGlass ?? {};
  if (usual === undefined || max === undefined) return;
  if (usual < 60_000) report('break_glass.default', 'nobody could use so short a time', 'write at least 1m');
  if (usual > max) report('break_glass.default', 'it is longer than break_glass.max', 'write at most as much');
}

function checkUnits({ units, roles }: IncompleteValues, report: Report): void {
  if (units === undefined) return;
  const known = [...units.flatMap((unit) => unit?.id ?? []), 'all'];
  roles?.forEach((role, index) => {
    role?.units?.forEach((unit, place) => {
      if (unit === undefined || known.includes(unit)) return;
      const near = nearestName(unit, known);
      const fix = near === undefined ? `use one of ${known.join(', ')}, or add it to units` : `did you mean ${near}?`;
      report(`roles[${index}].units[${place}]`, 'there is no such unit', fix);
    });
  });
}

function checkDirectory({ directory, roles }: IncompleteValues, report: Report): void {
  if (directory === undefined) return;
  const { url, base, groups, bind_dn: bindDn, password, start_tls: startTls } = directory;
  if (url === undefined) {
    const hasMore = base !== undefined || bindDn !== undefined || password !== undefined || (groups?.length ?? 0) > 0;
    if (hasMore) report('directory.url', 'it is missing', 'set it, such as url: ldaps://ldap.hospital.example:636');
    return;
  }
  if (base === undefined) {
    report('directory.base', 'it is missing', 'set it, such as base: "ou=people,dc=hospital,dc=example"');
  }
  if ((bindDn === undefined) !== (password === undefined)) {
    const [missing, given] = bindDn === undefined ? ['bind_dn', 'password'] : ['password', 'bind_dn'];
    report(`directory.${missing}`, `it is missing, and ${given} is given`, 'give both, or neither');
  }
  if (url.startsWith('ldap://') && startTls === false && !isHere(url)) {
    const problem = 'names, and the password, would cross the network unencrypted';
    report('directory.start_tls', problem, 'write start_tls: true, or use an ldaps:// address');
  }
  checkGroups(groups, roles, report);
}

function checkGroups(
  groups: NonNullable<IncompleteValues['directory']>['groups'],
  roles: IncompleteValues['roles'],
  report: Report,
): void {
  const known = knownRoles(roles);
  groups?.forEach((entry, index) => {
    const role = entry?.role;
    if (role === undefined || known.includes(role)) return;
    const near = nearestName(role, known);
    const fix = near === undefined ? `use one of ${known.join(', ')}, or add it to roles` : `did you mean ${near}?`;
    report(`directory.groups[${index}].role`, 'there is no such role', fix);
  });
}

/** Somebody must be able to give roles: whoever is in `admins`, or whom the directory says. */
function checkWhoGivesRoles({ roles, directory }: IncompleteValues, report: Report): void {
  const redefined = roles?.findIndex((role) => role?.id === ADMINISTRATOR) ?? -1;
  if (roles === undefined || redefined === -1) return;
  const managers = roles.flatMap((role) => (givesRoles(role) && role?.id ? [role.id] : []));
  if (managers.includes(ADMINISTRATOR)) return;
  if (directory?.groups?.some((entry) => entry?.role !== undefined && managers.includes(entry.role))) return;
  report(
    `roles[${redefined}].permissions`,
    'nobody could have the permission manage-roles: neither everybody in admins, nor anybody by the directory',
    'add manage-roles here, or map a directory group to a role that has it',
  );
}

/** A role that names no command permits all that its permissions are for. */
function givesRoles(role: NonNullable<IncompleteValues['roles']>[number]): boolean {
  const { permissions, commands = [] } = role ?? {};
  return permissions?.includes('manage-roles') === true && (commands.length === 0 || commands.includes('role give'));
}

function checkAccounts({ accounts }: IncompleteValues, report: Report): void {
  if (accounts === undefined) return;
  const parts = ['mas_url', 'mas_client_id', 'mas_client_secret'] as const;
  const given = parts.filter((part) => accounts[part] !== undefined);
  if (given.length === 0 && accounts.adapter !== 'mas') return;
  for (const part of parts) {
    if (accounts[part] === undefined) {
      report(`accounts.${part}`, 'it is missing, and Matrix Authentication Service is to be used', 'set it');
    }
  }
}

function knownRoles(roles: IncompleteValues['roles']): string[] {
  return [...new Set([...BUILT_IN_ROLES.keys(), ...(roles ?? []).flatMap((role) => role?.id ?? [])])];
}

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}
