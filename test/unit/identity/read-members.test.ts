import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import { readMembers } from '../../../src/identity/ldap-directory.ts';
import { normalDn } from '../../../src/identity/dn.ts';
import type { LdapEntry, LdapSearch } from '../../../src/identity/ldap-entry.ts';
import { silentLogger } from '../../../src/log.ts';
import type { RoleId } from '../../../src/model/role.ts';

type Attributes = Record<string, readonly string[]>;

/** A directory in memory. Long attributes come in pieces of `piece`, as Active Directory gives them. */
class MemoryDirectory implements LdapSearch {
  readonly #entries: ReadonlyMap<string, LdapEntry>;
  readonly #piece: number;
  searches = 0;

  constructor(entries: Record<string, Attributes>, piece = Infinity) {
    this.#piece = piece;
    this.#entries = new Map(
      Object.entries(entries).map(([dn, attributes]) => [
        normalDn(dn) ?? '',
        { dn, attributes: new Map(Object.entries(attributes).map(([name, values]) => [name.toLowerCase(), values])) },
      ]),
    );
  }

  async search(base: string, { scope, attributes }: Parameters<LdapSearch['search']>[1]) {
    this.searches += 1;
    const root = normalDn(base) ?? '';
    if (!this.#entries.has(root)) return undefined;
    const all = [...this.#entries].filter(([dn]) => (scope === 'base' ? dn === root : dn.endsWith(`,${root}`)));
    return all.map(([, entry]) => ({ dn: entry.dn, attributes: this.#select(entry, attributes) }));
  }

  #select(entry: LdapEntry, wanted: readonly string[]): Map<string, readonly string[]> {
    const selected = new Map<string, readonly string[]>();
    for (const attribute of wanted) {
      const [, name = attribute, from = '0'] = /^(\w+);range=(\d+)-\*$/.exec(attribute) ?? [];
      const values = entry.attributes.get(name.toLowerCase());
      if (values === undefined) continue;
      const start = Number(from);
      const end = start + this.#piece;
      if (values.length <= this.#piece) selected.set(name.toLowerCase(), values);
      else {
        const last = end >= values.length ? '*' : String(end - 1);
        selected.set(`${name.toLowerCase()};range=${start}-${last}`, values.slice(start, end));
      }
    }
    return selected;
  }
}

const people = { base: 'ou=people', filter: '(uid=*)', localpart: 'uid', uid: 'uid' };

async function read(directory: LdapSearch, groups: Record<string, string> = { 'cn=nurses': 'nurse' }) {
  const mapped = Object.entries(groups).map(([dn, role]) => ({ dn, role: role as RoleId }));
  const members = await readMembers(directory, { people, groups: mapped, domain: 'h.test' }, silentLogger);
  return members.map(({ userId, roleIds }) => `${userId} ${[...roleIds].join('+')}`).sort();
}

const person = (uid: string | readonly string[]): Attributes => ({ uid: typeof uid === 'string' ? [uid] : uid });

describe('readMembers', () => {
  it('A4 reads every piece of an attribute that comes in pieces', async () => {
    const names = Array.from({ length: 25 }, (_, n) => `n${n}`);
    const entries = Object.fromEntries(names.map((uid) => [`uid=${uid},ou=people`, person(uid)]));
    const member = names.map((uid) => `uid=${uid},ou=people`);
    const directory = new MemoryDirectory({ 'ou=people': {}, ...entries, 'cn=nurses': { member } }, 10);
    expect(await read(directory)).to.have.length(25);
  });

  it('A4 fails where a piece is missing', async () => {
    const whole = new MemoryDirectory({ 'ou=people': {}, 'cn=nurses': { member: ['uid=a', 'uid=b', 'uid=c'] } }, 2);
    const cut: LdapSearch = {
      search: async (base, options) =>
        options.attributes[0]?.includes('range') ? [{ dn: base, attributes: new Map() }] : whole.search(base, options),
    };
    const error = await read(cut).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RetryableError).and.have.property('message').that.includes('a part of');
  });

  it('A4 goes through groups in groups, each once, though they contain each other', async () => {
    const directory = new MemoryDirectory({
      'ou=people': {},
      'uid=a,ou=people': person('a'),
      'uid=b,ou=people': person('b'),
      'cn=nurses': { member: ['cn=ward', 'uid=a,ou=people'] },
      'cn=ward': { uniqueMember: ['cn=nurses', 'cn=ward', 'cn=night'] },
      'cn=night': { memberUid: ['b'], member: ['cn=ward'] },
    });
    expect(await read(directory, { 'cn=nurses': 'nurse', 'cn=ward': 'ward' })).to.deep.equal([
      '@a:h.test nurse+ward',
      '@b:h.test nurse+ward',
    ]);
    expect(directory.searches).to.equal(4);
  });

  const left: readonly (readonly [string, Record<string, Attributes>])[] = [
    ['no localpart', { 'cn=x,ou=people': {} }],
    ['two localparts', { 'cn=x,ou=people': person(['x', 'y']) }],
    ['a localpart that no user can have', { 'cn=x,ou=people': person('zoë') }],
    ['a localpart with a colon', { 'cn=x,ou=people': person('x:evil.test') }],
    ['a localpart that another has too', { 'cn=x,ou=people': person('X'), 'cn=y,ou=people': person('x') }],
  ];
  for (const [what, entries] of left) {
    it(`A4 leaves out who has ${what}`, async () => {
      const all = { 'ou=people': {}, ...entries, 'uid=a,ou=people': person('a') };
      const group = { 'cn=nurses': { member: ['cn=x,ou=people', 'uid=a,ou=people'], memberUid: ['x'] } };
      expect(await read(new MemoryDirectory({ ...all, ...group }))).to.deep.equal(['@a:h.test nurse']);
    });
  }

  it('A4 does not look for a group in a person’s place', async () => {
    const entry = { ...person('a'), member: ['uid=b,ou=people'] };
    const directory = new MemoryDirectory({
      'ou=people': {},
      'uid=a,ou=people': entry,
      'uid=b,ou=people': person('b'),
      'cn=nurses': { member: ['uid=a,ou=people'] },
    });
    expect(await read(directory)).to.deep.equal(['@a:h.test nurse']);
  });

  it('A4 gives up on a directory that never ends', async () => {
    const member = Array.from({ length: 10_001 }, (_, n) => `cn=g${n}`);
    const directory = new MemoryDirectory({ 'ou=people': {}, 'cn=nurses': { member } });
    const error = await read(directory).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RetryableError);
  });
});
