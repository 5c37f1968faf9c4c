/** The ways in which MAS and Synapse say yes and mean no. */
import { expect } from 'chai';
import { PermanentError, RetryableError, UserError } from '../../../../src/errors.ts';
import { INTROSPECTION_CACHE_MS } from '../../../../src/matrix/accounts/end-mas-sessions.ts';
import { openAccounts } from '../../../../src/matrix/accounts/detect.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import { DESK, PHONE } from '../../../support/accounts-contract.ts';
import { ADMIN_TOKEN } from '../../../support/fake-account-homeserver.ts';
import type { MasSessionKind } from '../../../support/test-mas.ts';
import { clientOf, startFakeBench, type FakeBench } from './fake-bench.ts';

describe('MAS accounts: traps', () => {
  let bench: FakeBench;
  let user: UserId;
  let name: string;
  beforeEach(async () => {
    bench = await startFakeBench('mas');
    user = await bench.newUser();
    name = user.slice(1, user.indexOf(':'));
  });
  afterEach(() => bench.stop());

  it('lets a token live for two minutes after a lock, and not longer', async () => {
    const token = await bench.login(user, PHONE);
    await bench.whoami(token);
    await bench.accounts.lock(user);
    bench.pass(INTROSPECTION_CACHE_MS - 5_000);
    expect((await bench.whoami(token)).status).to.equal(200);
    bench.pass(5_000);
    expect((await bench.whoami(token)).errcode).to.equal('M_UNKNOWN_TOKEN');
  });

  for (const kind of ['compat', 'oauth2'] as const satisfies readonly MasSessionKind[]) {
    it(`D1 ends a ${kind} session, and the browser session behind it`, async () => {
      const session = await bench.mas.login(name, kind, PHONE);
      const other = await bench.mas.login(name, kind, DESK);
      await bench.whoami(session.token);
      const change = await bench.accounts.endDevice(user, PHONE);
      expect(change, JSON.stringify(change)).to.include({ done: true });
      expect(bench.mas.sessions.get(session.id)?.finishedAt).to.be.a('string');
      expect(bench.mas.sessions.get(session.browserSession!)?.finishedAt).to.be.a('string');
      expect(bench.mas.sessions.get(other.id)?.finishedAt).to.equal(undefined);
      expect(bench.mas.sessions.get(other.browserSession!)?.finishedAt).to.equal(undefined);
    });
  }

  it('D1 reads the device out of both forms of the scope', async () => {
    const scope = 'urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:PHONE-4711';
    const session = await bench.mas.login(name, 'oauth2', PHONE, scope);
    expect(await bench.accounts.endDevice(user, PHONE)).to.include({ done: true });
    expect((await bench.whoami(session.token)).status).to.equal(401);
  });

  it('ends all four kinds; a personal session without a device lives for two minutes, and that is said', async () => {
    const sessions = [
      await bench.mas.login(name, 'compat', 'A-00000000'),
      await bench.mas.login(name, 'oauth2', 'B-00000000'),
      await bench.mas.login(name, 'browser'),
      await bench.mas.login(name, 'personal'),
    ];
    for (const { token } of sessions) if (token !== '') await bench.whoami(token);
    const before = Date.now();
    const change = await bench.accounts.endAllSessions(user);
    expect(sessions.every(({ id }) => bench.mas.sessions.get(id)?.finishedAt !== undefined)).to.equal(true);
    expect(change.done).to.equal(false);
    expect(change.mayLive).to.deep.equal(['personal session without a device']);
    expect(change.mayLiveUntil).to.be.within(before + INTROSPECTION_CACHE_MS, Date.now() + INTROSPECTION_CACHE_MS);
    expect((await bench.whoami(sessions[3]!.token)).status, 'the fake’s cache').to.equal(200);
  });

  it('D1 names the kind of session without a device that may live on', async () => {
    await bench.mas.login(name, 'oauth2', 'B-00000000', 'openid');
    const change = await bench.accounts.endAllSessions(user);
    expect(change.mayLive).to.deep.equal(['oauth2 session without a device']);
  });

  it('ends more sessions than a page holds', async () => {
    const logins = Array.from({ length: 31 }, (_, index) => bench.mas.login(name, 'oauth2', `DEVICE-${100 + index}`));
    const sessions = await Promise.all(logins);
    expect(await bench.accounts.endAllSessions(user)).to.include({ done: true });
    expect(sessions.filter(({ id }) => bench.mas.sessions.get(id)?.finishedAt === undefined)).to.deep.equal([]);
  });

  it('follows a list over its pages', async () => {
    await Promise.all(Array.from({ length: 101 }, () => bench.mas.login(name, 'personal')));
    expect(await bench.accounts.sessions(user)).to.have.length(101);
  });

  for (const unknown of ['filter[user]', 'filter[actor_user]']) {
    it(`touches nothing where MAS ignores ${unknown}`, async () => {
      await bench.mas.login(name, 'oauth2', PHONE);
      const stranger = await bench.newUser();
      const logins = (['oauth2', 'personal'] as const).map((kind) =>
        bench.mas.login(stranger.slice(1, stranger.indexOf(':')), kind, 'THEIRS-000'),
      );
      const strangers = await Promise.all(logins);
      bench.mas.unknownFilter = unknown;
      const fault = await bench.accounts.endAllSessions(user).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(PermanentError);
      expect(strangers.map(({ id }) => bench.mas.sessions.get(id)?.finishedAt)).to.deep.equal([undefined, undefined]);
    });
  }

  it('checks the state of each row where MAS ignores the filter of it', async () => {
    const finished = await bench.mas.login(name, 'oauth2', 'OLD-000000');
    await bench.accounts.endDevice(user, 'OLD-000000');
    bench.mas.unknownFilter = 'filter[status]';
    expect((await bench.accounts.sessions(user)).map(({ id }) => id)).to.not.include(finished.id);
  });

  it('takes "already finished" and "already revoked" for success', async () => {
    const sessions = await Promise.all([
      bench.mas.login(name, 'oauth2', PHONE),
      bench.mas.login(name, 'personal', PHONE),
    ]);
    bench.mas.requests.length = 0;
    const ending = bench.accounts.endDevice(user, PHONE);
    // Somebody else ends them in the same moment: after they were listed, before they are ended.
    for (const { id } of sessions) bench.mas.sessions.get(id)!.finishedAt = new Date().toISOString();
    expect(await ending).to.include({ done: true });
  });

  it('with the job worker stopped, deletes in Synapse after the session was finished, and it stays gone', async () => {
    bench.mas.isWorkerRunning = false;
    const token = await bench.login(user, PHONE);
    await bench.whoami(token);
    const change = await bench.accounts.endDevice(user, PHONE);
    expect(change, JSON.stringify(change)).to.include({ done: true });
    expect(change.verified.join()).to.match(/MAS was late/);
    const finish = bench.mas.requests.findIndex((request) => request.endsWith('/finish'));
    expect(finish).to.be.greaterThan(-1);
    expect((await bench.whoami(token)).status).to.equal(401);
    await bench.mas.runJobs();
    await bench.mas.provision(name);
    expect((await bench.whoami(token)).status).to.equal(401);
    expect(await bench.accounts.devices(user)).to.deep.equal([]);
  });

  it('never deletes in Synapse what MAS did not finish: MAS down says what may live', async () => {
    const token = await bench.login(user, PHONE);
    await bench.login(user, DESK);
    // The token for Synapse is there already.
    await bench.accounts.devices(user);
    bench.mas.isUp = false;
    bench.homeserver.requests.length = 0;
    const one = await bench.accounts.endDevice(user, PHONE);
    expect(one).to.include({ done: false });
    expect(one.mayLive).to.deep.equal([`device ${PHONE}`]);
    expect(one).to.not.have.property('mayLiveUntil');
    expect(one.problem).to.match(/Nothing was ended.*repeat/);
    const all = await bench.accounts.endAllSessions(user);
    expect(all.mayLive).to.have.members([`device ${PHONE}`, `device ${DESK}`]);
    expect(bench.homeserver.requests.filter((request) => request.includes('delete_devices'))).to.deep.equal([]);
    bench.mas.isUp = true;
    expect((await bench.whoami(token)).status).to.equal(200);
  });

  it('A7, D1 says what was ended and what lives on, where MAS goes down half way', async () => {
    const first = await bench.mas.login(name, 'oauth2', 'A-00000000');
    const second = await bench.mas.login(name, 'oauth2', 'B-00000000');
    // The end of the second one is refused for a passing reason.
    Object.defineProperty(bench.mas.sessions.get(second.id)!, 'kind', {
      get: () => {
        if (bench.mas.requests.at(-1)?.endsWith(`${second.id}/finish`)) bench.mas.isUp = false;
        return 'oauth2';
      },
    });
    const change = await bench.accounts.endAllSessions(user);
    expect(bench.mas.sessions.get(first.id)?.finishedAt).to.be.a('string');
    expect(change).to.deep.include({ done: false, verified: ['1 oauth2 session ended in MAS'] });
    expect(change.mayLive)
      .to.include('oauth2 session of device B-00000000')
      .and.to.include('whatever was begun meanwhile')
      .and.not.to.include('oauth2 session of device A-00000000');
    expect(change.problem)
      .to.match(/could not be asked.*Repeat/)
      .and.not.to.match(/Nothing was/);
  });

  it('A7 says that the sessions are over where only the pushers cannot be asked about', async () => {
    await bench.login(user, PHONE);
    bench.homeserver.interfere = (request) =>
      request.endsWith('/pushers') ? { status: 403, body: { errcode: 'M_FORBIDDEN' } } : undefined;
    const change = await bench.accounts.endAllSessions(user);
    expect(change.done).to.equal(false);
    expect(change.verified.join())
      .to.match(/ended in MAS, and no other is active/)
      .and.match(/no device any more/);
    expect(change.problem).to.match(/^Whether pushers are left could not be asked/);
  });

  it('D1 tells of no pusher that goes a moment after its device, as Synapse has it', async () => {
    const pusher = { app_display_name: 'Element', device_display_name: 'Phone' };
    for (const end of ['device', 'all'] as const) {
      await bench.login(user, PHONE);
      let looks = 0;
      bench.homeserver.interfere = (request) =>
        request.endsWith('/pushers') && looks++ === 0 ? { status: 200, body: { pushers: [pusher] } } : undefined;
      const { accounts } = bench;
      const change = await (end === 'all' ? accounts.endAllSessions(user) : accounts.endDevice(user, PHONE));
      expect(change).to.include({ done: true });
      expect(change.verified).to.include('no pusher is left');
    }
  });

  it('renews its token when that has run out', async () => {
    await bench.accounts.find(user);
    bench.pass(301_000);
    expect(await bench.accounts.find(user)).to.include({ userId: user });
  });

  it('says what is wrong with the client’s credentials, without naming them', async () => {
    const accounts = openAccounts({
      ...bench.options,
      mas: { ...clientOf(bench.mas), clientSecret: 'wrong-secret', adminUser: undefined },
    });
    const fault = (await accounts.find(user).catch((error: unknown) => error)) as Error;
    expect(fault).to.be.instanceOf(PermanentError);
    expect(fault.message).to.match(/invalid_client.*accounts\.mas/);
    expect(fault.message).to.not.match(/wrong-secret/);
  });

  describe('the wrong adapter refuses', () => {
    const cases = [
      { adapter: 'native', server: 'mas', reason: /belong to Matrix Authentication Service/ },
      { adapter: 'mas', server: 'native', reason: /does not use Matrix Authentication Service/ },
      { adapter: 'moderation', server: 'mas', reason: /belong to Matrix Authentication Service/ },
    ] as const;
    for (const { adapter, server, reason } of cases) {
      it(`${adapter} on ${server}`, async () => {
        bench.homeserver.mode = server;
        const mas = { ...clientOf(bench.mas), adminUser: undefined };
        const accounts = openAccounts({ ...bench.options, adapter, mas, adminToken: ADMIN_TOKEN });
        expect((await accounts.mode()).mode).to.equal('refusing');
        bench.homeserver.requests.length = 0;
        for (const change of ['lock', 'unlock', 'suspend', 'endAllSessions'] as const) {
          const fault = (await accounts[change](user).catch((error: unknown) => error)) as Error;
          expect(fault, change).to.be.instanceOf(UserError);
          expect(fault.message).to.match(reason);
        }
        expect(bench.homeserver.requests.filter((request) => !request.startsWith('GET'))).to.deep.equal([]);
      });
    }

    it('auto without accounts.mas on MAS', async () => {
      const accounts = openAccounts({ ...bench.options, mas: undefined, adminToken: ADMIN_TOKEN });
      expect(await accounts.mode()).to.deep.include({ mode: 'refusing' });
    });

    it('says that it may pass where nobody knows at this moment who owns the accounts', async () => {
      bench.homeserver.isConfused = true;
      for (const adapter of ['auto', 'native', 'mas'] as const) {
        const accounts = openAccounts({ ...bench.options, adapter });
        expect((await accounts.mode()).mode).to.equal('refusing');
        for (const change of ['lock', 'suspend', 'endAllSessions'] as const) {
          const fault = (await accounts[change](user).catch((error: unknown) => error)) as Error;
          expect(fault, `${adapter} ${change}`).to.be.instanceOf(RetryableError);
          expect(fault.message).to.match(/asked who owns its accounts/);
        }
      }
    });
  });
});
