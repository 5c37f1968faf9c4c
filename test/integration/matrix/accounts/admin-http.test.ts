import { expect } from 'chai';
import { PermanentError, RetryableError } from '../../../../src/errors.ts';
import { AdminHttp, fixedToken } from '../../../../src/matrix/accounts/admin-http.ts';
import { ADMIN_TOKEN, FakeAccountHomeserver } from '../../../support/fake-account-homeserver.ts';

const LOOK = { method: 'GET', path: '/_synapse/admin/v1/server_version' } as const;

describe('calls of admin APIs', () => {
  let homeserver: FakeAccountHomeserver;
  let http: AdminHttp;
  beforeEach(async () => {
    homeserver = new FakeAccountHomeserver('native');
    await homeserver.start();
    const token = fixedToken(ADMIN_TOKEN, '`accounts.admin_token`');
    http = new AdminHttp({ server: 'the homeserver', url: homeserver.url, token, timeoutMs: 100 });
  });
  afterEach(() => homeserver.stop());

  const look = () => http.call('look', LOOK).catch((error: unknown) => error);

  it('B2 are not repeated where the server does not answer: somebody waits', async () => {
    homeserver.interfere = () => 'hang';
    const error = await look();
    expect(error).to.be.instanceOf(RetryableError);
    expect(error).to.have.property('message', 'Could not look: the homeserver cannot be reached (timeout).');
    expect(homeserver.requests).to.have.length(1);
  });

  for (const [what, answer, words] of [
    [
      'is not valid',
      { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } },
      /401 M_UNKNOWN_TOKEN\. The token of `accounts\.admin_token` is not valid there: renew it\. `carebridge doctor` shows/,
    ],
    [
      'is of a locked account',
      { status: 401, body: { errcode: 'M_USER_LOCKED' } },
      /account of `accounts\.admin_token` is locked/,
    ],
    [
      'may not do this',
      { status: 403, body: { errcode: 'M_FORBIDDEN' } },
      /403 M_FORBIDDEN\. Its admin credential may not do this \(`accounts\.admin_token`\)/,
    ],
  ] as const) {
    it(`B2 fail at once with what to do where the token ${what}, asked once`, async () => {
      homeserver.interfere = () => answer;
      const error = await http.ok('look', LOOK).catch((fault: unknown) => fault);
      expect(error).to.be.instanceOf(PermanentError);
      expect((error as Error).message).to.match(words);
      expect(homeserver.requests).to.have.length(1);
    });
  }

  it('ask for one new token where the old is not accepted, and then fail at once too', async () => {
    const asked: string[] = [];
    const renew = async (refused: string) => (asked.push(refused), 'another-token');
    const token = { ...fixedToken('an-old-token', '`accounts.mas_client_id`'), renew };
    const renewing = new AdminHttp({ server: 'MAS', url: homeserver.url, token });
    const error = await renewing.call('look', LOOK).catch((fault: unknown) => fault);
    expect(error).to.be.instanceOf(PermanentError);
    expect((error as Error).message).to.match(/^Could not look: MAS answered 401 M_UNKNOWN_TOKEN\. The token of `acc/);
    expect(asked).to.deep.equal(['an-old-token']);
    expect(homeserver.requests).to.have.length(2);
  });

  it('wait for a busy server as long as it says, where that is not long', async () => {
    const busy = (waitMs: number) => ({ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: waitMs } });
    homeserver.interfere = () => (homeserver.requests.length < 2 ? busy(1) : undefined);
    expect(await look()).to.have.property('status', 200);
    homeserver.interfere = () => busy(5_000);
    expect(await look())
      .to.be.instanceOf(RetryableError)
      .and.to.have.property('retryAfterMs', 5_000);
    expect(homeserver.requests).to.have.length(3);
  });

  it('are repeated at once where it failed for a moment', async () => {
    homeserver.interfere = () => (homeserver.requests.length < 3 ? { status: 502, body: {} } : undefined);
    expect(await look()).to.have.property('status', 200);
    expect(homeserver.requests).to.have.length(3);
  });
});
