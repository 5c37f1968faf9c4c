import { expect } from 'chai';
import { RetryableError } from '../../../../src/errors.ts';
import { AdminHttp, fixedToken } from '../../../../src/matrix/accounts/admin-http.ts';
import { ADMIN_TOKEN, FakeAccountHomeserver } from '../../../support/fake-account-homeserver.ts';

describe('calls of admin APIs', () => {
  let homeserver: FakeAccountHomeserver;
  let http: AdminHttp;
  beforeEach(async () => {
    homeserver = new FakeAccountHomeserver('native');
    await homeserver.start();
    const token = fixedToken(ADMIN_TOKEN);
    http = new AdminHttp({ server: 'the homeserver', url: homeserver.url, token, timeoutMs: 100 });
  });
  afterEach(() => homeserver.stop());

  const look = () =>
    http.call('look', { method: 'GET', path: '/_synapse/admin/v1/server_version' }).catch((error: unknown) => error);

  it('B2 are not repeated where the server does not answer: somebody waits', async () => {
    homeserver.interfere = () => 'hang';
    const error = await look();
    expect(error).to.be.instanceOf(RetryableError);
    expect(error).to.have.property('message', 'Could not look: the homeserver cannot be reached (timeout).');
    expect(homeserver.requests).to.have.length(1);
  });

  it('are repeated at once where it failed for a moment', async () => {
    homeserver.interfere = () => (homeserver.requests.length < 3 ? { status: 502, body: {} } : undefined);
    expect(await look()).to.have.property('status', 200);
    expect(homeserver.requests).to.have.length(3);
  });
});
