/** How MAS and Synapse say yes and mean no. What a fake is worth depends on these being the same on the real ones. */
import { expect } from 'chai';
import type { UserId } from '../../src/model/ids.ts';
import { SENDER_LOCALPART } from '../../src/model/namespace.ts';
import { DESK, PHONE, probe } from './accounts-contract.ts';
import type { MasBench } from './mas-bench.ts';
import type { MasSessionKind } from './test-mas.ts';
import { waitFor } from './wait-for.ts';

const ENDS: Readonly<Record<MasSessionKind, readonly [list: string, verb: string, status: number]>> = {
  compat: ['compat-sessions', 'finish', 400],
  oauth2: ['oauth2-sessions', 'finish', 400],
  browser: ['user-sessions', 'finish', 400],
  personal: ['personal-sessions', 'revoke', 409],
};
const NO_ULID = 'not-a-ulid';
const SENDER = `@${SENDER_LOCALPART}:hospital.test`;

/** Defines the tests. `get` answers what the caller's hooks made. */
export function masFacts(get: () => MasBench): void {
  const end = (kind: MasSessionKind, id: string) => {
    const [list, verb] = ENDS[kind];
    return get().masAdmin('POST', `${list}/${id}/${verb}`);
  };
  const devicesOf = async (user: UserId) => (await get().accounts.devices(user)).map(({ deviceId }) => deviceId);
  const idOf = async (user: UserId) => {
    const { body } = await get().masAdmin('GET', `users/by-username/${user.slice(1, user.indexOf(':'))}`);
    return (body['data'] as { id: string }).id;
  };
  const isAlive = async (token: string) => (await get().whoami(token)).status === 200;

  it('Synapse’s lock is accepted, not enforced, and overwritten', async () => {
    const { newUser, login, synapseAdmin, masAdmin } = get();
    const user = await newUser();
    const token = await login(user, PHONE);
    expect((await synapseAdmin('PUT', `v2/users/${user}`, { locked: true })).status).to.equal(200);
    expect(await isAlive(token)).to.equal(true);
    expect(await isAlive(await login(user, DESK))).to.equal(true);
    await masAdmin('POST', `users/${await idOf(user)}/unlock`);
    const isLocked = async () => (await synapseAdmin('GET', `v2/users/${user}`)).body['locked'];
    await waitFor('the next provisioning', async () => (await isLocked()) === false);
  });

  it('the appservice’s token is refused by Synapse’s admin API, also where its sender was made an administrator', async () => {
    const { options, whoami, synapseAdmin } = get();
    const { homeserverUrl, asToken } = options;
    expect((await synapseAdmin('PUT', `v2/users/${SENDER}`, { admin: true })).status).to.equal(403);
    await register(homeserverUrl, asToken, SENDER_LOCALPART);
    expect((await synapseAdmin('PUT', `v2/users/${SENDER}`, { admin: true })).status).to.equal(200);
    expect((await synapseAdmin('GET', `v2/users/${SENDER}`)).body).to.include({ admin: true });
    expect((await whoami(asToken)).status).to.equal(200);
    const refused = await probe(homeserverUrl, asToken, '/_synapse/admin/v2/users?guests=false');
    expect(refused).to.include({ status: 403, errcode: 'M_FORBIDDEN' });
  });

  it('a device that was deleted in Synapse alone comes back with its token', async () => {
    const { newUser, session, synapseAdmin } = get();
    const user = await newUser();
    const phone = await session(user, 'oauth2', PHONE);
    const desk = await session(user, 'oauth2', DESK);
    expect(await isAlive(phone.token)).to.equal(true);
    await synapseAdmin('POST', `v2/users/${user}/delete_devices`, { devices: [PHONE] });
    expect(await isAlive(phone.token)).to.equal(false);
    await end('oauth2', desk.id);
    await waitFor('the device to be back', () => isAlive(phone.token));
    expect(await devicesOf(user)).to.deep.equal([PHONE]);
  });

  it('a lock refuses new logins; a token in use works on, and after the unlock its session lives', async () => {
    const { newUser, login, masAdmin } = get();
    const user = await newUser();
    const token = await login(user, PHONE);
    expect(await isAlive(token)).to.equal(true);
    const id = await idOf(user);
    await masAdmin('POST', `users/${id}/lock`);
    expect(await isAlive(token)).to.equal(true);
    expect(await login(user, DESK).catch(() => 'refused')).to.equal('refused');
    await masAdmin('POST', `users/${id}/unlock`);
    expect(await isAlive(token)).to.equal(true);
    expect(await devicesOf(user)).to.deep.equal([PHONE]);
  });

  for (const kind of ['compat', 'oauth2'] as const) {
    it(`D1 a finished ${kind} session takes device and token along, and no other`, async () => {
      const { newUser, session } = get();
      const user = await newUser();
      const phone = await session(user, kind, PHONE);
      const desk = await session(user, kind, DESK);
      expect([await isAlive(phone.token), await isAlive(desk.token)]).to.deep.equal([true, true]);
      expect((await end(kind, phone.id)).status).to.equal(200);
      await waitFor('the token to be dead', async () => !(await isAlive(phone.token)));
      expect(await isAlive(desk.token)).to.equal(true);
      expect(await devicesOf(user)).to.deep.equal([DESK]);
    });
  }

  it('the end of a browser’s session ends no other', async () => {
    const { newUser, session, masAdmin } = get();
    const user = await newUser();
    const phone = await session(user, 'oauth2', PHONE);
    const { body } = await masAdmin('GET', `oauth2-sessions/${phone.id}`);
    const { user_session_id: browser } = (body['data'] as { attributes: { user_session_id: string } }).attributes;
    expect((await end('browser', browser)).status).to.equal(200);
    expect(await isAlive(phone.token)).to.equal(true);
  });

  it('a personal session without a device works on after it was revoked, as long as Synapse remembers it', async () => {
    const { newUser, session } = get();
    const user = await newUser();
    const script = await session(user, 'personal');
    const tool = await session(user, 'personal', PHONE);
    expect([await isAlive(script.token), await isAlive(tool.token)]).to.deep.equal([true, true]);
    await Promise.all([end('personal', script.id), end('personal', tool.id)]);
    await waitFor('the one with a device to be dead', async () => !(await isAlive(tool.token)));
    expect(await isAlive(script.token)).to.equal(true);
  });

  for (const [kind, [list, verb, status]] of Object.entries(ENDS)) {
    it(`ending a ${kind} session twice is ${status}, ending no ULID 400`, async () => {
      const { newUser, session, masAdmin } = get();
      const { id } = await session(await newUser(), kind as MasSessionKind, kind === 'browser' ? undefined : PHONE);
      expect((await end(kind as MasSessionKind, id)).status).to.equal(200);
      expect((await end(kind as MasSessionKind, id)).status).to.equal(status);
      expect((await masAdmin('POST', `${list}/${NO_ULID}/${verb}`)).status).to.equal(400);
    });
  }

  it('lists hold ten rows unless more are asked for, and filters that are not known are ignored', async () => {
    const { newUser, session, masAdmin } = get();
    const [user, other] = [await newUser(), await newUser()];
    for (let made = 0; made < 11; made++) await session(user, 'personal');
    await session(other, 'personal');
    const list = async (query: string) => {
      const { status, body } = await masAdmin('GET', `personal-sessions?${query}`);
      const rows = body['data'] as { attributes: { actor_user_id: string } }[];
      const { next } = body['links'] as { next?: string };
      return { status, owners: rows.map(({ attributes }) => attributes.actor_user_id), hasNext: next !== undefined };
    };
    const id = await idOf(user);
    const few = await list(`filter[actor_user]=${id}`);
    expect([few.owners.length, few.hasNext]).to.deep.equal([10, true]);
    const all = await list(`filter[actor_user]=${id}&page[first]=1000`);
    expect([all.owners.length, all.hasNext]).to.deep.equal([11, false]);
    // The name that the other lists have.
    const everybody = await list(`filter[user]=${id}&page[first]=1000`);
    expect(everybody.status).to.equal(200);
    expect(everybody.owners).to.include(await idOf(other));
  });

  it('with the job worker stopped a finished session lives on in Synapse, until it runs again', async () => {
    const { newUser, session, mas } = get();
    const user = await newUser();
    const phone = await session(user, 'oauth2', PHONE);
    expect(await isAlive(phone.token)).to.equal(true);
    await mas.setWorker(false);
    try {
      await end('oauth2', phone.id);
      expect(await isAlive(phone.token)).to.equal(true);
      expect(await devicesOf(user)).to.deep.equal([PHONE]);
    } finally {
      await mas.setWorker(true);
    }
    await waitFor('the token to be dead', async () => !(await isAlive(phone.token)), { timeoutMs: 30_000 });
  });

  it('with MAS down what Synapse remembers works on, and anything else is 503', async () => {
    const { newUser, login, whoami, mas } = get();
    const user = await newUser();
    const known = await login(user, PHONE);
    const unknown = await login(user, DESK);
    expect(await isAlive(known)).to.equal(true);
    await mas.setUp(false);
    try {
      expect(await isAlive(known)).to.equal(true);
      expect((await whoami(unknown)).status).to.equal(503);
    } finally {
      await mas.setUp(true);
    }
    expect(await isAlive(unknown)).to.equal(true);
  });

  it('deactivating erases, unless it is told not to', async () => {
    const { newUser, masAdmin, synapseAdmin } = get();
    const [kept, erased] = [await newUser(), await newUser()];
    await masAdmin('POST', `users/${await idOf(kept)}/deactivate`, { skip_erase: true });
    await masAdmin('POST', `users/${await idOf(erased)}/deactivate`);
    for (const [user, isErased] of [
      [kept, false],
      [erased, true],
    ] as const) {
      const seen = await waitFor('Synapse to hear of it', async () => {
        const { body } = await synapseAdmin('GET', `v2/users/${user}`);
        return body['deactivated'] === true ? body : undefined;
      });
      expect(Boolean(seen['erased'])).to.equal(isErased);
    }
  });

  it('Synapse does not offer under MAS what belongs to passwords, and lists users only without guests', async () => {
    const { newUser, synapseAdmin } = get();
    const user = await newUser();
    const reset = await synapseAdmin('POST', `v1/reset_password/${user}`, { new_password: 'x' });
    expect(reset.status).to.equal(404);
    expect((await synapseAdmin('GET', 'v2/users')).status).to.equal(400);
    expect((await synapseAdmin('GET', 'v2/users?guests=false')).status).to.equal(200);
  });
}

/** As an appservice makes its users. */
async function register(homeserverUrl: string, asToken: string, username: string): Promise<void> {
  const answer = await fetch(`${homeserverUrl}/_matrix/client/v3/register`, {
    method: 'POST',
    headers: { authorization: `Bearer ${asToken}` },
    body: JSON.stringify({ type: 'm.login.application_service', username, inhibit_login: true }),
  });
  expect(answer.status).to.equal(200);
}
