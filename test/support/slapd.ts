/** A private OpenLDAP server for tests: Debian's slapd with a folder of its own, on free ports of 127.0.0.1. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild, type Child } from '../../src/cli/demo/children.ts';
import { freePort } from './free-port.ts';
import { isExecutable, isListening } from './installed-program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);
const SLAPD = '/usr/sbin/slapd';
const NEEDED = [SLAPD, '/usr/bin/ldapmodify', '/usr/bin/openssl'];

/** The part of the directory that all entries of a test are in. */
export const SUFFIX = 'dc=hospital,dc=test';
/** Who may read. */
export const READER = { dn: `cn=carebridge,${SUFFIX}`, password: 'reader-secret' } as const;
/** Who may read 500 entries a search, in pages or not: slapd's default limit. */
export const LIMITED_READER = { dn: `cn=limited,${SUFFIX}`, password: 'limited-secret' } as const;
const ROOT = { dn: `cn=root,${SUFFIX}`, password: 'root-secret' } as const;

/** Why slapd cannot run here, or undefined where it can. */
export function slapdIsMissing(): string | undefined {
  const missing = NEEDED.filter((path) => !isExecutable(path));
  return missing.length === 0 ? undefined : `${missing.join(', ')} not found; install slapd and ldap-utils`;
}

/** A running server. */
export interface Slapd extends AsyncDisposable {
  readonly url: string;
  readonly tlsUrl: string;
  /** PEM file of the authority that signed its certificate, which is for 127.0.0.1. */
  readonly caFile: string;
  /** Changes entries, as LDIF with `changetype`. */
  modify(ldif: string): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a server that holds the entries of `ldif`, beside the suffix and the reader. */
export async function startSlapd(ldif: string): Promise<Slapd> {
  const folder = await tempDir('slapd');
  const [port, tlsPort] = [await freePort(), await freePort()];
  await makeCertificate(folder);
  const conf = join(folder, 'slapd.conf');
  await mkdir(join(folder, 'data'));
  await writeFile(conf, slapdConf(folder));
  const url = `ldap://127.0.0.1:${port}`;
  const tlsUrl = `ldaps://127.0.0.1:${tlsPort}`;
  await writeFile(join(folder, 'start.ldif'), `${START}\n${ldif}`);
  await run(SLAPD, ['-Ta', '-q', '-f', conf, '-l', join(folder, 'start.ldif')]);
  let server: Child | undefined;

  const start = async () => {
    // `-d 0` keeps it in the foreground and silent.
    server = await startChild('slapd', SLAPD, ['-d', '0', '-h', `${url} ${tlsUrl}`, '-f', conf], {
      stdio: 'ignore',
      cwd: folder,
    });
    await waitFor('slapd to listen', () => isListening(tlsPort), { timeoutMs: 10_000 });
  };
  const stop = async () => {
    await server?.stop(5_000);
    server = undefined;
  };
  await start();
  return {
    url,
    tlsUrl,
    caFile: join(folder, 'ca.crt'),
    start,
    stop,
    async modify(changes) {
      const child = spawn('/usr/bin/ldapmodify', ['-x', '-H', url, '-D', ROOT.dn, '-w', ROOT.password], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.end(changes);
      const code = await new Promise((resolve) => child.once('close', resolve));
      if (code !== 0) throw new Error(`ldapmodify ended with ${String(code)}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}

const START = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: hospital
o: Hospital
${[READER, LIMITED_READER]
  .map(
    ({ dn, password }) => `
dn: ${dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ${/cn=(\w+)/.exec(dn)?.[1]}
userPassword: ${password}
`,
  )
  .join('')}`;

function slapdConf(folder: string): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile ${folder}/ca.crt
TLSCertificateFile ${folder}/server.crt
TLSCertificateKeyFile ${folder}/server.key
database mdb
suffix "${SUFFIX}"
rootdn "${ROOT.dn}"
rootpw ${ROOT.password}
directory ${folder}/data
maxsize 268435456
dbnosync
sizelimit 500
limits dn.exact="${READER.dn}" size=500 size.prtotal=unlimited
limits dn.exact="${LIMITED_READER.dn}" size.prtotal=500
index objectClass,uid eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER.dn}" read by dn.exact="${LIMITED_READER.dn}" read by * none
`;
}

/** An authority of its own, and a certificate by it. */
async function makeCertificate(folder: string): Promise<void> {
  const openssl = (...args: string[]) => run('/usr/bin/openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-x509'];
  const authority = ['-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Test authority'];
  await openssl('req', ...newKey, ...authority);
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:false'];
  const server = ['-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=127.0.0.1'];
  await openssl('req', ...newKey, ...server, '-addext', 'subjectAltName=IP:127.0.0.1', ...signed);
}
