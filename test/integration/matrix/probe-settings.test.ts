import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { MatrixSettingsProbe } from '../../../src/matrix/probe-settings.ts';
import { isSignInUp } from '../../../src/matrix/sign-in-probe.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { makeRegistration, writeRegistration } from '../../../src/matrix/registration.ts';
import { startSynapse, type Synapse } from '../../support/synapse.ts';
import { tempDir } from '../../support/temp-dir.ts';

const DOMAIN = 'hospital.test';
/** Refuses connections at once, where looking up a name would take its time. */
const NOWHERE = '127.0.0.1:1';

/** A homeserver as it must not be. */
const OPEN = {
  enable_registration: true,
  enable_registration_without_verification: true,
  allow_guest_access: true,
  room_list_publication_rules: [{ action: 'allow' }],
};
describe('what a real Synapse tells of its set-up (C1)', function () {
  this.timeout(60_000);
  let synapse: Synapse | undefined;

  afterEach(async () => {
    await synapse?.stop();
    synapse = undefined;
  });

  async function probed(extraConfig: object): Promise<MatrixSettingsProbe> {
    const directory = await tempDir('probe');
    const path = join(directory, 'registration.yaml');
    const options = { domain: DOMAIN, url: 'http://127.0.0.1:1', bot: 'carebridge', ghostPrefix: 'carebridge_' };
    const registration = makeRegistration(options);
    writeRegistration(path, registration);
    synapse = await startSynapse({ registrations: [path], extraConfig: { ...extraConfig } });
    const { userId } = await synapse.registerUser('admin');
    const { asToken } = registration;
    return new MatrixSettingsProbe({ url: synapse.url, domain: NOWHERE, asToken, somebody: userId as UserId });
  }

  it('C1: everything that is open is seen to be', async () => {
    const probe = await probed(OPEN);
    const { accounts, software, verified, problems } = await probe.probe({});
    expect({ accounts, problems }).to.deep.equal({ accounts: 'native', problems: [] });
    expect(software).to.match(/^Synapse\//);
    expect(verified).to.deep.equal({
      registration: 'open',
      guestAccess: true,
      limitProfileRequests: false,
      urlPreviews: false,
      tls: false,
    });
    expect(await isSignInUp(synapse!.url, AbortSignal.timeout(5_000))).to.equal(true);
    // A guest is only made where nobody said that there are any.
    expect((await probe.probe({ guestAccess: true })).verified).not.to.have.property('guestAccess');
  });
});

describe('what other homeservers tell of their set-up (C1)', () => {
  let server: Server | undefined;

  afterEach(() => server?.close());

  async function answering(answers: Readonly<Record<string, [status: number, body: object]>>): Promise<string> {
    server = createServer((request, response) => {
      const [status, body] = answers[request.url?.split('?')[0] ?? ''] ?? [404, { errcode: 'M_UNRECOGNIZED' }];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const listening = server;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }
  const probeAt = (url: string, domain = NOWHERE) =>
    new MatrixSettingsProbe({ url, domain, asToken: 'x', somebody: undefined, timeoutMs: 2_000 });
  const VERSIONS = { '/_matrix/client/versions': [200, { versions: ['v1.15'] }] } as const;
  const METADATA = '/_matrix/client/v1/auth_metadata';

  it('with MAS there are no guests, and who may register is not known', async () => {
    const url = await answering({ ...mutable(VERSIONS), [METADATA]: [200, { issuer: 'http://127.0.0.1:1/' }] });
    const { accounts, verified } = await probeAt(url).probe({});
    expect(accounts).to.equal('mas');
    expect(verified).to.include({ guestAccess: false }).and.not.have.property('registration');
    expect(await isSignInUp(url, AbortSignal.timeout(2_000))).to.equal(false);
  });

  it('registration by token only is told from open registration', async () => {
    const flows = [{ stages: ['m.login.registration_token', 'm.login.dummy'] }];
    const url = await answering({ ...mutable(VERSIONS), '/_matrix/client/v3/register': [401, { flows }] });
    expect((await probeAt(url).probe({})).verified).to.include({ registration: 'token' });
  });

  it('url previews are seen where the server has them', async () => {
    const preview = [400, { errcode: 'M_MISSING_PARAM' }] as [number, object];
    const url = await answering({ ...mutable(VERSIONS), '/_matrix/client/v1/media/preview_url': preview });
    expect((await probeAt(url).probe({})).verified).to.include({ urlPreviews: true });
  });

  it('nothing is verified where odd answers come', async () => {
    for (const odd of [{ flows: 'all' }, { flows: [null, 7] }, []]) {
      const url = await answering({
        ...mutable(VERSIONS),
        '/_matrix/client/v3/register': [418, odd],
        '/_matrix/client/v1/media/preview_url': [500, {}],
        '/.well-known/matrix/client': [200, { 'm.homeserver': { base_url: 7 } }],
      });
      expect((await probeAt(url).probe({ guestAccess: true })).verified).to.deep.equal({});
      server?.close();
    }
  });

  it('says that nothing could be verified where the homeserver is away', async () => {
    const { accounts, verified, problems } = await probeAt('http://127.0.0.1:1').probe({});
    expect({ accounts, verified }).to.deep.equal({ accounts: 'unknown', verified: {} });
    expect(problems[0]).to.include('does not answer');
  });
});

function mutable<T extends Readonly<Record<string, readonly [number, object]>>>(
  answers: T,
): Record<string, [number, object]> {
  return Object.fromEntries(Object.entries(answers).map(([path, [status, body]]) => [path, [status, body]]));
}
