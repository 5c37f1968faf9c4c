import { RetryableError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { normalDn, withoutUid } from './dn.ts';
import { valuesOf, type LdapEntry, type LdapSearch } from './ldap-entry.ts';
import type { People } from './people.ts';

/** The attributes that hold members: DNs in the first two (groupOfNames and Active Directory; groupOfUniqueNames), uids in the last (posixGroup). */
const MEMBER = 'member';
const UNIQUE_MEMBER = 'uniqueMember';
const MEMBER_UID = 'memberUid';

/** Entries that are looked at one by one: groups in groups, and members that are nobody we know. More is not the directory that was meant. */
const MAX_LOOKED_AT = 10_000;

/** Finds who is in a group, also by way of groups in it. Each group is read once, however many groups it is in. */
export class GroupMembers {
  readonly #directory: LdapSearch;
  readonly #people: People;
  readonly #groups = new Map<string, LdapEntry | undefined>();

  constructor(directory: LdapSearch, people: People) {
    this.#directory = directory;
    this.#people = people;
  }

  /** Everybody in the group; undefined where there is no such group. Groups that contain each other do no harm. */
  async of(dn: string): Promise<ReadonlySet<UserId> | undefined> {
    const key = normalDn(dn);
    if (key === undefined || (await this.#read(key, dn)) === undefined) return undefined;
    const found = new Set<UserId>();
    const seen = new Set([key]);
    const waiting = [{ key, dn }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const group = await this.#read(next.key, next.dn);
      if (group === undefined) continue;
      for (const uid of await this.#values(group, MEMBER_UID)) {
        const user = this.#people.byUid.get(uid);
        if (user !== undefined) found.add(user);
      }
      const members = [
        ...(await this.#values(group, MEMBER)),
        ...(await this.#values(group, UNIQUE_MEMBER)).map(withoutUid),
      ];
      for (const member of members) {
        const memberKey = normalDn(member);
        if (memberKey === undefined || seen.has(memberKey)) continue;
        seen.add(memberKey);
        const user = this.#people.byDn.get(memberKey);
        if (user !== undefined) found.add(user);
        else if (!this.#people.dns.has(memberKey)) waiting.push({ key: memberKey, dn: member });
      }
    }
    return found;
  }

  async #read(key: string, dn: string): Promise<LdapEntry | undefined> {
    if (this.#groups.has(key)) return this.#groups.get(key);
    if (this.#groups.size >= MAX_LOOKED_AT) {
      throw new RetryableError(
        'The directory’s groups name more entries that are nobody we know than can be looked at.',
      );
    }
    const entries = await this.#directory.search(dn, {
      scope: 'base',
      filter: `(|(${MEMBER}=*)(${UNIQUE_MEMBER}=*)(${MEMBER_UID}=*)(objectClass=group)(objectClass=posixGroup))`,
      attributes: [MEMBER, UNIQUE_MEMBER, MEMBER_UID],
    });
    const group = entries?.[0];
    this.#groups.set(key, group);
    return group;
  }

  /**
   * All values of an attribute. Active Directory gives long ones in pieces, `member;range=0-1499` and so on up to `member;range=1500-*`
   * ([MS-ADTS] 3.1.1.3.1.3.3): a piece alone would be half an answer.
   */
  async #values(group: LdapEntry, attribute: string): Promise<readonly string[]> {
    const values = [...valuesOf(group, attribute)];
    let piece = rangeOf(group, attribute);
    while (piece !== undefined) {
      values.push(...piece.values);
      if (piece.last === '*') return values;
      const from = Number(piece.last) + 1;
      const option = `${attribute};range=${from}-*`;
      const [entry] =
        (await this.#directory.search(group.dn, { scope: 'base', filter: '(objectClass=*)', attributes: [option] })) ??
        [];
      const next = entry === undefined ? undefined : rangeOf(entry, attribute);
      if (next === undefined || next.first !== from) {
        throw new RetryableError('The directory gave a part of a large group only.');
      }
      piece = next;
    }
    return values;
  }
}

function rangeOf(entry: LdapEntry, attribute: string) {
  const pattern = new RegExp(`^${attribute};range=(\\d+)-(\\d+|\\*)$`, 'i');
  for (const [name, values] of entry.attributes) {
    const [, first, last] = pattern.exec(name) ?? [];
    if (first !== undefined && last !== undefined) return { first: Number(first), last, values };
  }
  return undefined;
}
