import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { silentLogger } from '../../../../src/log.ts';
import { adminAccount } from '../../../../src/matrix/accounts/admin-account.ts';
import { openAccounts, type AccountsOptions } from '../../../../src/matrix/accounts/detect.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import { accountsContract, probe, setPusher, WHOAMI, type AccountsBench } from '../../../support/accounts-contract.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { startSynapse, type Account, type Synapse } from '../../../support/synapse.ts';

const LONG_POLL_MS = 30_000;

describe('Accounts on a real Synapse', () => {
  let synapse: Synapse;
  let bench: AccountsBench;
  let options: AccountsOptions;
  const accounts = new Map<string, Account>();

  async function login({ userId, password }: Account, deviceId: string): Promise<string> {
    const answer = await fetch(`${synapse.url}/_matrix/client/v3/login`, {
      method: 'POST',
      body: JSON.stringify({
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: userId },
        password,
        device_id: deviceId,
        initial_device_display_name: `Element on ${deviceId}`.slice(0, 100),
      }),
    });
    if (!answer.ok) throw new Error(`no login: ${answer.status}`);
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  before(async function () {
    this.timeout(60_000);
    synapse = await startSynapse({
      registrations: [],
      extraConfig: { ip_range_whitelist: ['127.0.0.1'], experimental_features: { msc3814_enabled: true } },
    });
    const adminToken = await login(await synapse.registerUser('root', { admin: true }), 'ADMIN');
    options = { adapter: 'auto', homeserverUrl: synapse.url, adminToken, asToken: 'none', mas: undefined };
    bench = {
      mode: 'native',
      accounts: openAccounts(options),
      async newUser() {
        const account = await synapse.registerUser(`nurse-${randomUUID().slice(0, 8)}`);
        accounts.set(account.userId, account);
        return account.userId as UserId;
      },
      login: (user, deviceId) => login(accounts.get(user)!, deviceId),
      passwordLogin: (user, deviceId) => login(accounts.get(user)!, deviceId),
      setPusher: (token, name) => setPusher(synapse.url, token, name),
      whoami: (token) => probe(synapse.url, token, WHOAMI),
      send: (token) => probe(synapse.url, token, '/_matrix/client/v3/createRoom', 'POST'),
      async deactivate(user) {
        const answer = await fetch(`${synapse.url}/_synapse/admin/v1/deactivate/${user}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${adminToken}` },
          body: JSON.stringify({ erase: false }),
        });
        expect(answer.status).to.equal(200);
      },
      isReactivationFaulty: true,
    };
  });
  after(() => synapse?.stop());

  accountsContract('native', () => bench);

  it('fails a pending long-poll /sync of the lost device at once', async () => {
    const user = await bench.newUser();
    const token = await bench.login(user, 'PHONE');
    const headers = { authorization: `Bearer ${token}` };
    const first = (await (await fetch(`${synapse.url}/_matrix/client/v3/sync`, { headers })).json()) as {
      next_batch: string;
    };
    const pending = fetch(`${synapse.url}/_matrix/client/v3/sync?since=${first.next_batch}&timeout=${LONG_POLL_MS}`, {
      headers,
    });
    const began = performance.now();
    await bench.accounts.endDevice(user, 'PHONE');
    const next = await probe(synapse.url, token, '/_matrix/client/v3/sync?timeout=0');
    expect(next).to.include({ status: 401, errcode: 'M_UNKNOWN_TOKEN' });
    // The request under way is answered with nothing, or it is refused.
    const answer = await pending;
    const body = (await answer.json()) as { rooms?: object; to_device?: object };
    expect(answer.status === 401 || (body.rooms === undefined && body.to_device === undefined)).to.equal(true);
    expect(performance.now() - began).to.be.lessThan(LONG_POLL_MS / 2);
  });

  it('D2: a locked account is pushed to as before, for the homeserver does not look at the lock: hence the words of `lock`', async () => {
    const pushed: string[] = [];
    const gateway = createServer((request, response) => {
      void text(request).then((body) => {
        pushed.push(body);
        response.end('{"rejected":[]}');
      });
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    try {
      const { port } = gateway.address() as AddressInfo;
      const [user, other] = [await bench.newUser(), await bench.newUser()];
      const [phone, desk] = [await bench.login(user, 'PHONE'), await bench.login(other, 'DESK')];
      await setPusher(synapse.url, phone, 'Phone', `http://127.0.0.1:${port}/_matrix/push/v1/notify`);
      const { room_id: room } = await post(desk, '/createRoom', { preset: 'trusted_private_chat', invite: [user] });
      await post(phone, `/join/${room}`, {});
      expect(await bench.accounts.lock(user)).to.include({ done: true });
      const before = pushed.length;
      await post(desk, `/rooms/${room}/send/m.room.message`, { msgtype: 'm.text', body: 'Are you there?' });
      await waitFor('the push', () => pushed.length > before);
    } finally {
      gateway.close();
      gateway.closeAllConnections();
    }
  });

  async function post(token: string, path: string, body: object): Promise<Readonly<Record<string, string>>> {
    const answer = await fetch(`${synapse.url}/_matrix/client/v3${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    expect(answer.status, path).to.equal(200);
    return (await answer.json()) as Record<string, string>;
  }

  it('D1: a session that calls itself a dehydrated device is listed and ended; one that only sleeps there is no session', async () => {
    const user = await bench.newUser();
    const tokens = [await bench.login(user, 'PHONE'), await bench.login(user, 'DESK')];
    for (const token of tokens) await bench.whoami(token);
    const listed = async () => (await bench.accounts.devices(user)).map(({ deviceId }) => deviceId);
    for (const [device, expected] of [
      ['PHONE', ['PHONE', 'DESK']],
      ['ASLEEP', ['DESK']],
    ] as const) {
      const answer = await fetch(`${synapse.url}/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${tokens[1]}` },
        body: JSON.stringify({
          device_id: device,
          initial_device_display_name: 'asleep',
          device_data: { algorithm: 'none' },
          device_keys: { user_id: user, device_id: device, algorithms: [], keys: {}, signatures: {} },
        }),
      });
      expect(answer.status, await answer.text()).to.equal(200);
      expect(await listed()).to.have.members(expected);
      if (device === 'PHONE') {
        expect(await bench.accounts.endDevice(user, 'PHONE')).to.include({ done: true });
        expect((await bench.whoami(tokens[0]!)).errcode).to.equal('M_UNKNOWN_TOKEN');
      }
    }
  });

  it('A9 tells whose the admin token is', async () => {
    expect(await adminAccount({ ...options, log: silentLogger })()).to.match(/^@root:/);
  });

  it('refuses with what to do, where the credential is no administrator’s', async () => {
    const user = await bench.newUser();
    const weak = openAccounts({ ...options, adminToken: await bench.login(user, 'X') });
    const fault = (await weak.lock(user).catch((error: unknown) => error)) as Error;
    expect(fault.message).to.match(/403.*admin credential may not/);
  });
});
