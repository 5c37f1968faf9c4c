import type { DirectoryConfig } from '../config/config.ts';
import { parseUserId, type UserId } from '../model/ids.ts';
import { normalDn } from './dn.ts';
import { valuesOf, type LdapSearch } from './ldap-entry.ts';

/** The people of a directory who can be Matrix users. */
export interface People {
  readonly byDn: ReadonlyMap<string, UserId>;
  readonly byUid: ReadonlyMap<string, UserId>;
  /** Left out: no single usable localpart, or one that another entry has too. */
  readonly unusable: number;
  /** Every entry found, usable or not: known to be no group. */
  readonly dns: ReadonlySet<string>;
}

/** What the standard allows in the localpart of a user id (Matrix spec, appendices 4.2.1). */
const LOCALPART = /^[a-z0-9._=/+-]+$/;

/** Reads everybody. undefined where the base is not there. */
export async function readPeople(
  directory: LdapSearch,
  options: DirectoryConfig['people'],
  domain: string,
): Promise<People | undefined> {
  const entries = await directory.search(options.base, {
    scope: 'sub',
    filter: options.filter,
    attributes: [...new Set([options.localpart, options.uid])],
  });
  if (entries === undefined) return undefined;
  const people = entries.map((entry) => ({
    dn: normalDn(entry.dn),
    user: userIdOf(valuesOf(entry, options.localpart), domain),
    uids: valuesOf(entry, options.uid),
  }));
  // Two entries for one user: whoever may make entries somewhere in the directory could get another's roles by it. So neither counts.
  const counts = Map.groupBy(people, ({ user }) => user);
  const usable = people.flatMap(({ dn, user, uids }) =>
    dn !== undefined && user !== undefined && counts.get(user)?.length === 1 ? [{ dn, user, uids }] : [],
  );
  const uids = Map.groupBy(
    usable.flatMap(({ user, uids }) => uids.map((uid) => ({ uid, user }))),
    ({ uid }) => uid,
  );
  return {
    byDn: new Map(usable.map(({ dn, user }) => [dn, user])),
    byUid: new Map(
      [...uids].flatMap(([uid, [first, ...others]]) => (first && others.length === 0 ? [[uid, first.user]] : [])),
    ),
    unusable: people.length - usable.length,
    dns: new Set(people.flatMap(({ dn }) => (dn === undefined ? [] : [dn]))),
  };
}

/** User ids are lower case; directories do not distinguish case. */
function userIdOf(values: readonly string[], domain: string): UserId | undefined {
  const [localpart, ...others] = values.map((value) => value.trim().toLowerCase());
  if (localpart === undefined || others.length > 0 || !LOCALPART.test(localpart)) return undefined;
  return parseUserId(`@${localpart}:${domain}`);
}
