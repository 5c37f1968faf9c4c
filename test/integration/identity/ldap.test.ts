/** The LDAP directory against a real OpenLDAP server. */
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { directory } from '../../../src/cli/doctor/directory.ts';
import { RetryableError } from '../../../src/errors.ts';
import { LdapDirectory, type LdapDirectoryOptions } from '../../../src/identity/ldap-directory.ts';
import { silentLogger } from '../../../src/log.ts';
import type { RoleId } from '../../../src/model/role.ts';
import { SyncDirectory } from '../../../src/services/sync-directory.ts';
import { FixturePolicy } from '../../support/roles-fixture.ts';
import { skip } from '../../support/skip.ts';
import { LIMITED_READER, READER, slapdIsMissing, startSlapd, SUFFIX, type Slapd } from '../../support/slapd.ts';
import { openTestStores } from '../services/test-stores.ts';

const PEOPLE = `ou=people,${SUFFIX}`;
/** Apart from the others, so that only one test reads them. */
const CROWD = `ou=crowd,${SUFFIX}`;
const GROUPS = `ou=groups,${SUFFIX}`;
/** More than slapd gives without pages (500) and than Active Directory gives of one attribute (1,500). */
const MANY = 3_000;

const many = Array.from({ length: MANY }, (_, n) => `n${n}`);

const crowd = { base: CROWD, filter: '(objectClass=person)', localpart: 'uid', uid: 'uid' };

function person(uid: string, dn = `uid=${uid},${PEOPLE}`): string {
  return `dn: ${dn}\nobjectClass: inetOrgPerson\ncn: ${uid}\nsn: ${uid}\nuid: ${uid}\n`;
}

const BELA = `cn=Bela\\, \\"Dr.\\" \\+ \\C3\\A4,${PEOPLE}`;

const LDIF = [
  ...[PEOPLE, CROWD, GROUPS].map(
    (dn) => `dn: ${dn}\nobjectClass: organizationalUnit\nou: ${/ou=(\w+)/.exec(dn)?.[1]}\n`,
  ),
  person('anna'),
  `dn:: ${Buffer.from(BELA).toString('base64')}\nobjectClass: inetOrgPerson\ncn:: ${Buffer.from('Bela, "Dr." + ä').toString('base64')}\nsn: B\nuid: Bela\n`,
  person('chao'),
  person('dora'),
  ...many.map((uid) => person(uid, `uid=${uid},${CROWD}`)),
  `dn: cn=nurses,${GROUPS}\nobjectClass: groupOfNames\ncn: nurses\nmember: UID=Anna , ${PEOPLE.toUpperCase()}\nmember:: ${Buffer.from(BELA).toString('base64')}\nmember: uid=gone,${PEOPLE}\n`,
  `dn: cn=doctors,${GROUPS}\nobjectClass: groupOfUniqueNames\ncn: doctors\nuniqueMember: uid=chao,${PEOPLE}#'0101'B\nuniqueMember: cn=consultants,${GROUPS}\n`,
  `dn: cn=consultants,${GROUPS}\nobjectClass: groupOfNames\ncn: consultants\nmember: uid=dora,${PEOPLE}\nmember: cn=doctors,${GROUPS}\nmember: cn=consultants,${GROUPS}\n`,
  `dn: cn=desk,${GROUPS}\nobjectClass: posixGroup\ncn: desk\ngidNumber: 5000\nmemberUid: anna\nmemberUid: nobody\n`,
  `dn: cn=everybody,${GROUPS}\nobjectClass: groupOfNames\ncn: everybody\n${many.map((uid) => `member: uid=${uid},${CROWD}`).join('\n')}\n`,
].join('\n');

describe('the LDAP directory, with OpenLDAP', function () {
  this.timeout(60_000);
  let slapd: Slapd;

  before(async function () {
    const missing = slapdIsMissing();
    if (missing !== undefined) skip(this, missing);
    slapd = await startSlapd(LDIF);
  });

  after(() => slapd?.stop());

  function options(groups: Record<string, string>, other: Partial<LdapDirectoryOptions> = {}): LdapDirectoryOptions {
    return {
      url: slapd.url,
      startTls: false,
      caFile: undefined,
      bindDn: READER.dn,
      password: READER.password,
      timeoutMs: 5_000,
      pageSize: 200,
      people: { base: PEOPLE, filter: '(objectClass=person)', localpart: 'uid', uid: 'uid' },
      groups: Object.entries(groups).map(([cn, role]) => ({ dn: `cn=${cn},${GROUPS}`, role: role as RoleId })),
      ...other,
    };
  }

  async function rolesIn(settings: LdapDirectoryOptions): Promise<Record<string, string>> {
    const members = await new LdapDirectory(settings, 'hospital.test', silentLogger).members();
    return Object.fromEntries(members.map(({ userId, roleIds }) => [userId, [...roleIds].sort().join(' ')]));
  }

  async function failure(settings: LdapDirectoryOptions): Promise<string> {
    const source = new LdapDirectory(settings, 'hospital.test', silentLogger);
    try {
      await source.members();
    } catch (error) {
      expect(error).to.be.instanceOf(RetryableError);
      expect(await source.check()).to.equal((error as Error).message);
      return (error as Error).message;
    }
    return 'answered';
  }

  it('reads groupOfNames, groupOfUniqueNames, posixGroup and groups that contain each other; names nobody it does not know', async () => {
    expect(await rolesIn(options({ nurses: 'nurse', doctors: 'doctor', desk: 'front-desk' }))).to.deep.equal({
      '@anna:hospital.test': 'front-desk nurse',
      '@bela:hospital.test': 'nurse',
      '@chao:hospital.test': 'doctor',
      '@dora:hospital.test': 'doctor',
    });
  });

  it('A4 gives the role on joining and takes it on leaving, each in the audit log', async () => {
    await using opened = await openTestStores();
    const { roles, audit, transactions } = opened.stores;
    const actions: string[] = [];
    const sync = new SyncDirectory({
      roles,
      transactions,
      policy: new FixturePolicy(roles),
      log: silentLogger,
      audit: {
        append: async (entry) => (await audit.append(entry), void actions.push(`${entry.action} ${entry.target}`)),
      },
      source: new LdapDirectory(options({ nurses: 'nurse' }), 'hospital.test', silentLogger),
      notifier: { tellAdmins: async () => undefined },
      intervalMs: 60_000,
      mostTaken: 0.5,
    });
    const holders = async () => (await roles.current()).map(({ userId }) => userId).sort();
    const change = (verb: string) =>
      slapd.modify(`dn: cn=nurses,${GROUPS}\nchangetype: modify\n${verb}: member\nmember: uid=dora,${PEOPLE}\n-\n`);
    await sync.runOnce();
    expect(await holders()).to.deep.equal(['@anna:hospital.test', '@bela:hospital.test']);
    await change('add');
    await sync.runOnce();
    expect(await holders()).to.include('@dora:hospital.test');
    await change('delete');
    await sync.runOnce();
    expect(await holders()).to.deep.equal(['@anna:hospital.test', '@bela:hospital.test']);
    expect(actions.slice(2)).to.deep.equal(['role.give @dora:hospital.test', 'role.take @dora:hospital.test']);
  });

  it('leaves out who is no longer among the people, though the group still names them', async () => {
    const enabled = { base: PEOPLE, filter: '(&(objectClass=person)(!(uid=anna)))', localpart: 'uid', uid: 'uid' };
    expect(await rolesIn(options({ nurses: 'nurse', desk: 'front-desk' }, { people: enabled }))).to.deep.equal({
      '@bela:hospital.test': 'nurse',
    });
  });

  it(`reads a group of ${MANY} in pages`, async () => {
    const members = await rolesIn(options({ everybody: 'staff' }, { people: crowd }));
    expect(Object.keys(members)).to.have.length(MANY);
  });

  it('takes an answer that the server’s size limit cuts short for none', async () => {
    expect(
      await failure(
        options(
          { everybody: 'staff' },
          { people: crowd, bindDn: LIMITED_READER.dn, password: LIMITED_READER.password },
        ),
      ),
    ).to.match(/size limit/);
  });

  it('takes a mapped group or a people’s base that is not there for a fault, not for an empty one', async () => {
    expect(await failure(options({ nurses: 'nurse', vanished: 'doctor' }))).to.equal(
      'The directory has no group for the role doctor, as configured.',
    );
    const nowhere = { base: `ou=nowhere,${SUFFIX}`, filter: '(uid=*)', localpart: 'uid', uid: 'uid' };
    expect(await failure(options({ nurses: 'nurse' }, { people: nowhere }))).to.match(/people\.base/);
  });

  it('says so where the password is wrong, and never the password', async () => {
    const message = await failure(options({ nurses: 'nurse' }, { password: 'wrong-secret' }));
    expect(message).to.equal('The directory turned down the user or the password.');
  });

  it('does not bind without a password, which would be as nobody', async () => {
    expect(await failure(options({ nurses: 'nurse' }, { password: '' }))).to.match(/no password/);
  });

  it('anonymous sees nothing here, which is a fault', async () => {
    expect(await failure(options({ nurses: 'nurse' }, { bindDn: undefined, password: undefined }))).to.match(
      /no entry at `people\.base`/,
    );
  });

  for (const { name, tls } of [
    { name: 'ldaps', tls: () => ({ url: slapd.tlsUrl }) },
    { name: 'ldaps, whatever start_tls says', tls: () => ({ url: slapd.tlsUrl, startTls: true }) },
    { name: 'StartTLS', tls: () => ({ startTls: true }) },
  ]) {
    it(`by ${name}, with the authority that is configured and with no other`, async () => {
      const settings = options({ nurses: 'nurse' }, tls());
      expect(Object.keys(await rolesIn({ ...settings, caFile: slapd.caFile }))).to.include('@anna:hospital.test');
      expect(await failure(settings)).to.match(/certificate was not accepted/);
      expect(await failure({ ...settings, caFile: `${slapd.caFile}.gone` })).to.match(/ca_file/);
    });
  }

  it('carebridge doctor tells whether the directory can be read', async () => {
    const look = (settings: LdapDirectoryOptions) =>
      directory.run({ config: { directory: settings, homeserver: { domain: 'hospital.test' } } } as never);
    expect(await look(options({ nurses: 'nurse' }))).to.have.nested.property('[0].status', 'ok');
    const [finding] = await look(options({ vanished: 'nurse' }));
    expect(finding).to.include({
      status: 'FAIL',
      result: 'The directory has no group for the role nurse, as configured.',
    });
  });

  it('answers again once the server is back', async () => {
    const settings = options({ nurses: 'nurse' });
    await slapd.stop();
    expect(await failure(settings)).to.equal('The directory cannot be reached (ECONNREFUSED).');
    await slapd.start();
    expect(Object.keys(await rolesIn(settings))).to.include('@anna:hospital.test');
  });

  describe('where the server takes the connection and says nothing', () => {
    let silent: Server;

    before((done) => {
      silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1', done);
    });
    after(() => silent.close());

    for (const { name, scheme, startTls } of [
      { name: 'ldap', scheme: 'ldap', startTls: false },
      { name: 'ldaps', scheme: 'ldaps', startTls: false },
      { name: 'StartTLS', scheme: 'ldap', startTls: true },
    ]) {
      it(`${name}: gives up in time`, async () => {
        const { port } = silent.address() as { port: number };
        const url = `${scheme}://127.0.0.1:${port}`;
        const message = await failure(options({ nurses: 'nurse' }, { url, startTls, timeoutMs: 100 }));
        expect(message).to.match(/cannot be reached/);
      });
    }
  });
});
