import { expect } from 'chai';
import { silentLogger as log } from '../../../../src/log.ts';
import { adminAccount } from '../../../../src/matrix/accounts/admin-account.ts';
import { ADMIN_TOKEN, FakeAccountHomeserver } from '../../../support/fake-account-homeserver.ts';

describe('A9 whose the admin token is', () => {
  let server: FakeAccountHomeserver;
  beforeEach(async () => {
    server = new FakeAccountHomeserver('native');
    await server.start();
  });
  afterEach(() => server.stop());

  it('is what the homeserver says, which is asked once', async () => {
    const ask = adminAccount({ homeserverUrl: server.url, adminToken: ADMIN_TOKEN, log });
    expect([await ask(), await ask()]).to.deep.equal(['@root:hospital.test', '@root:hospital.test']);
    expect(server.requests).to.deep.equal(['GET /_matrix/client/v3/account/whoami']);
  });

  it('is not known while the homeserver refuses, and asked again', async () => {
    const ask = adminAccount({ homeserverUrl: server.url, adminToken: ADMIN_TOKEN, log });
    server.interfere = () => ({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(await ask()).to.equal(undefined);
    server.interfere = () => undefined;
    expect(await ask()).to.equal('@root:hospital.test');
  });

  it('is not asked where there is no such token', async () => {
    expect(await adminAccount({ homeserverUrl: server.url, adminToken: undefined, log })()).to.equal(undefined);
    expect(server.requests).to.deep.equal([]);
  });
});
