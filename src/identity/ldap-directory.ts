import type { DirectoryConfig } from '../config/config.ts';
import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { UserId } from '../model/ids.ts';
import type { RoleId } from '../model/role.ts';
import type { DirectoryMember, IdentitySource } from '../ports/identity-source.ts';
import { GroupMembers } from './group-members.ts';
import { LdapConnection, type LdapServer } from './ldap-connection.ts';
import type { LdapSearch } from './ldap-entry.ts';
import { readPeople } from './people.ts';

/** A directory, and what its groups mean: a part of the configuration. */
export type LdapDirectoryOptions = LdapServer & Pick<DirectoryConfig, 'people' | 'groups'>;

/** LDAP groups as roles. Opens a connection for each reading: readings are minutes apart. */
export class LdapDirectory implements IdentitySource {
  readonly name = 'ldap';
  readonly #options: LdapDirectoryOptions;
  readonly #domain: string;
  readonly #log: Logger;

  /** `domain`: the server name in the user ids of its people. */
  constructor(options: LdapDirectoryOptions, domain: string, log: Logger) {
    this.#options = options;
    this.#domain = domain;
    this.#log = log;
  }

  async members(): Promise<readonly DirectoryMember[]> {
    await using connection = await LdapConnection.open(this.#options);
    return await readMembers(connection, { ...this.#options, domain: this.#domain }, this.#log);
  }

  async check(): Promise<string | undefined> {
    try {
      await this.members();
      return undefined;
    } catch (error) {
      if (error instanceof RetryableError) return error.message;
      throw error;
    }
  }
}

/**
 * Everybody with a role, from one reading. A mapped group that is not there is a fault, not an empty group: it was renamed or is hidden from us,
 * and everybody in it would lose the role.
 */
export async function readMembers(
  directory: LdapSearch,
  { people: where, groups, domain }: Pick<LdapDirectoryOptions, 'people' | 'groups'> & { readonly domain: string },
  log: Logger,
): Promise<readonly DirectoryMember[]> {
  const people = await readPeople(directory, where, domain);
  if (people === undefined) throw new RetryableError('The directory has no entry at `people.base`.');
  const { unusable } = people;
  if (unusable > 0) log.warn('directory.people-left-out', { count: unusable, reason: 'no localpart of their own' });
  const members = new GroupMembers(directory, people);
  const roles = new Map<UserId, Set<RoleId>>();
  for (const { dn, role } of groups) {
    const users = await members.of(dn);
    if (users === undefined)
      throw new RetryableError(`The directory has no group for the role ${role}, as configured.`);
    for (const user of users) {
      const held = roles.get(user) ?? new Set();
      roles.set(user, held.add(role));
    }
  }
  return [...roles].map(([userId, roleIds]) => ({ userId, roleIds }));
}
