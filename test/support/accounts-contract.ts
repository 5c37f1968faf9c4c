/** What every adapter of the port Accounts must do, over a homeserver that the bench runs. */
import { expect } from 'chai';
import { PermanentError, UserError } from '../../src/errors.ts';
import { labelOf } from '../../src/model/device-label.ts';
import type { UserId } from '../../src/model/ids.ts';
import type { Accounts } from '../../src/ports/accounts.ts';

/** How the homeserver answers a user's request. */
export interface Probe {
  readonly status: number;
  readonly errcode: string | undefined;
  readonly softLogout: boolean | undefined;
}

/** A homeserver with its accounts, and the adapter under test. */
export interface AccountsBench {
  readonly accounts: Accounts;
  readonly mode: 'native' | 'mas' | 'moderation';
  /** Makes an account of a new name. */
  newUser(): Promise<UserId>;
  /** Logs in; returns an access token. */
  login(user: UserId, deviceId: string): Promise<string>;
  /** With the password alone, which takes any device id of at most 512 characters; returns an access token. */
  passwordLogin(user: UserId, deviceId: string): Promise<string>;
  /** Has pushes sent for this session, to nowhere. */
  setPusher(token: string, name: string): Promise<void>;
  whoami(token: string): Promise<Probe>;
  /** As whoever administers the server does it, without erasing. */
  deactivate(user: UserId): Promise<void>;
  /** True for a server that is known to fail at it. */
  readonly isReactivationFaulty?: boolean;
  /** Tries to write something. */
  send(token: string): Promise<Probe>;
}

/** Asks who the token is. */
export async function probe(url: string, token: string, path: string, method = 'GET'): Promise<Probe> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(method === 'POST' && { body: '{}' }),
  });
  const body = (await response.json()) as { errcode?: string; soft_logout?: boolean };
  return { status: response.status, errcode: body.errcode, softLogout: body.soft_logout };
}

/** A push gateway that is not there. */
const NOWHERE = 'http://127.0.0.1:9/_matrix/push/v1/notify';

/** Has pushes sent for the session of the token. */
export async function setPusher(url: string, token: string, name: string, to = NOWHERE): Promise<void> {
  const answer = await fetch(`${url}/_matrix/client/v3/pushers/set`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({
      kind: 'http',
      app_id: 'im.app',
      pushkey: name,
      app_display_name: 'Element',
      lang: 'en',
      device_display_name: name,
      data: { url: to },
    }),
  });
  if (!answer.ok) throw new Error(`no pusher: ${answer.status}`);
}

/** Device ids that every server takes: MAS wants at least ten characters. */
export const PHONE = 'PHONE-4711';
export const DESK = 'DESK-00815';
const DEVICES = ['DEVICE-00A', 'DEVICE-00B', 'DEVICE-00C'];
const NEW = 'NEW-004712';
/** What a thief may call a device so that it is not ended, or another one is. */
const HOSTILE = [
  `${PHONE}\u200b`,
  ` ${PHONE} `,
  '--dry-run',
  '@lee:hospital.test',
  'a b\tc',
  'x'.repeat(300),
  'é'.repeat(512),
];

export const WHOAMI = '/_matrix/client/v3/account/whoami';

/** Defines the tests. `bench` is made by the caller's hooks. */
export function accountsContract(mode: AccountsBench['mode'], get: () => AccountsBench): void {
  const hasSessions = mode !== 'moderation';

  it('knows its mode', async () => {
    expect(await get().accounts.mode()).to.include({ mode });
  });

  it('finds an account, and not one that is not there; looking makes none', async () => {
    const { accounts, newUser } = get();
    const user = await newUser();
    expect(await accounts.find(user)).to.include({ userId: user, isLocked: false, isSuspended: false });
    const nobody = '@nobody-at-all:hospital.test' as UserId;
    expect(await accounts.find(nobody)).to.equal(undefined);
    expect(await accounts.lock(nobody).catch((error: unknown) => error)).to.be.instanceOf(PermanentError);
    expect(await accounts.find(nobody), 'locking made the account').to.equal(undefined);
  });

  it('D2 locks and D8 unlocks, and says so only where it is so', async () => {
    const { accounts, newUser } = get();
    const user = await newUser();
    expect(await accounts.lock(user)).to.include({ done: true });
    expect((await accounts.find(user))?.isLocked).to.equal(true);
    expect(await accounts.lock(user), 'again').to.include({ done: true });
    expect(await accounts.unlock(user)).to.include({ done: true });
    expect((await accounts.find(user))?.isLocked).to.equal(false);
  });

  it('suspends: reading goes on, writing does not', async () => {
    const { accounts, newUser, login, send, whoami } = get();
    const user = await newUser();
    const token = await login(user, DESK);
    expect(await accounts.suspend(user)).to.include({ done: true });
    expect(await send(token)).to.include({ status: 403, errcode: 'M_USER_SUSPENDED' });
    expect(await whoami(token)).to.include({ status: 200 });
    expect(await accounts.unsuspend(user)).to.include({ done: true });
    expect((await send(token)).errcode).to.not.equal('M_USER_SUSPENDED');
  });

  if (!hasSessions) {
    it('refuses what it cannot do, rather than pretend', async () => {
      const { accounts, newUser } = get();
      const user = await newUser();
      for (const attempt of [
        () => accounts.endDevice(user, PHONE),
        () => accounts.endAllSessions(user),
        () => accounts.devices(user),
        () => accounts.sessions(user),
        () => accounts.reactivate(user),
        () => accounts.search('x', 5, () => true),
      ]) {
        expect(await attempt().catch((error: unknown) => error)).to.be.instanceOf(UserError);
      }
    });
    return;
  }

  it('lists devices and sessions', async () => {
    const { accounts, newUser, login } = get();
    const user = await newUser();
    await login(user, PHONE);
    await login(user, DESK);
    expect((await accounts.devices(user)).map(({ deviceId }) => deviceId)).to.have.members([PHONE, DESK]);
    const sessions = await accounts.sessions(user);
    expect(sessions.map(({ deviceId }) => deviceId)).to.include.members([PHONE, DESK]);
  });

  it('D1 ends one device: its very next request is refused; the other works on', async () => {
    const { accounts, newUser, login, whoami } = get();
    const user = await newUser();
    const [phone, desk] = [await login(user, PHONE), await login(user, DESK)];
    expect((await whoami(phone)).status).to.equal(200);
    const change = await accounts.endDevice(user, PHONE);
    expect(change, JSON.stringify(change)).to.include({ done: true });
    expect(await whoami(phone)).to.deep.equal({ status: 401, errcode: 'M_UNKNOWN_TOKEN', softLogout: false });
    expect((await whoami(desk)).status).to.equal(200);
    expect((await accounts.devices(user)).map(({ deviceId }) => deviceId)).to.deep.equal([DESK]);
  });

  it('D1 sees where pushes go after a device was ended: its own went with it', async () => {
    const { accounts, newUser, login, setPusher: push } = get();
    const user = await newUser();
    await push(await login(user, PHONE), 'Phone');
    await push(await login(user, DESK), 'Desk');
    expect(await accounts.pushers(user)).to.have.length(2);
    const change = await accounts.endDevice(user, PHONE);
    expect(change, JSON.stringify(change)).to.include({ done: true });
    expect(change.verified.join()).to.include('pushes still go to: Element (Desk)').and.not.include('Phone');
    expect((await accounts.pushers(user)).map(({ deviceName }) => deviceName)).to.deep.equal(['Desk']);
    expect((await accounts.endDevice(user, DESK)).verified).to.include('no pusher is left');
  });

  it('D1 ends a device whatever it is called, and none of a similar name', async () => {
    const { accounts, newUser, passwordLogin, whoami } = get();
    const user = await newUser();
    const phone = await passwordLogin(user, PHONE);
    const tokens = new Map<string, string>();
    // MAS takes an empty one for none.
    const ids = mode === 'native' ? [...HOSTILE, '', '\u0000'] : HOSTILE;
    for (const id of ids) tokens.set(id, await passwordLogin(user, id));
    const listed = async () => (await accounts.devices(user)).map(({ deviceId }) => deviceId);
    expect(await listed()).to.have.members([PHONE, ...ids]);
    const sessions = (await accounts.sessions(user)).map(({ deviceId }) => deviceId);
    expect(sessions).to.include.members([PHONE, ...ids]);
    for (const [id, token] of tokens) {
      const change = await accounts.endDevice(user, id);
      expect(change, JSON.stringify(change)).to.include({ done: true });
      expect(change.verified.join()).to.include(`device ${labelOf(id)} is gone`);
      expect((await whoami(token)).errcode, id).to.equal('M_UNKNOWN_TOKEN');
    }
    expect(await listed()).to.deep.equal([PHONE]);
    expect((await whoami(phone)).status).to.equal(200);
    await passwordLogin(user, HOSTILE[0]!);
    expect(await accounts.endAllSessions(user)).to.include({ done: true });
    expect(await listed()).to.deep.equal([]);
  });

  it('does not claim to have ended a device that is not there', async () => {
    const { accounts, newUser } = get();
    const change = await accounts.endDevice(await newUser(), 'NOTHING');
    expect(change.done).to.equal(false);
    expect(change.problem).to.match(/no device NOTHING/);
  });

  it('D1 ends everything', async () => {
    const { accounts, newUser, login, whoami } = get();
    const user = await newUser();
    const tokens: string[] = [];
    for (const device of DEVICES) tokens.push(await login(user, device));
    for (const token of tokens) await whoami(token);
    expect(await accounts.endAllSessions(user)).to.include({ done: true });
    for (const token of tokens) expect((await whoami(token)).errcode).to.equal('M_UNKNOWN_TOKEN');
    expect(await accounts.devices(user)).to.deep.equal([]);
    expect(await accounts.pushers(user)).to.deep.equal([]);
    expect(await accounts.endAllSessions(user), 'again').to.include({ done: true });
  });

  it('locks an account that is at work: no login, and unlocking brings the session back as it was', async () => {
    const { accounts, newUser, login, whoami } = get();
    const user = await newUser();
    const token = await login(user, PHONE);
    await whoami(token);
    const locked = await accounts.lock(user);
    // Under MAS the token works on for two minutes: that is said, and not called done.
    expect(locked.done).to.equal(mode === 'native');
    if (mode === 'native') {
      expect(await whoami(token)).to.deep.equal({ status: 401, errcode: 'M_USER_LOCKED', softLogout: true });
    } else {
      expect(locked.mayLive).to.include(`oauth2 session of device ${PHONE}`);
      expect(locked.mayLiveUntil).to.be.a('number');
    }
    expect(await login(user, NEW).catch(() => 'refused')).to.equal('refused');
    await accounts.unlock(user);
    expect((await whoami(token)).status).to.equal(200);
  });

  it('reactivates an account that somebody has deactivated', async () => {
    const { accounts, newUser, deactivate, isReactivationFaulty } = get();
    const user = await newUser();
    await deactivate(user);
    expect((await accounts.find(user))?.isDeactivated).to.equal(true);
    // Synapse 1.163 on SQLite cannot. Whatever the server can: it is said to be done where it is.
    const { done } = await accounts.reactivate(user);
    expect((await accounts.find(user))?.isDeactivated).to.equal(!done);
    if (!isReactivationFaulty) expect(done).to.equal(true);
  });

  it('searches by name, locked accounts too', async () => {
    const { accounts, newUser } = get();
    const user = await newUser();
    await accounts.lock(user);
    const found = await accounts.search(user.slice(1, user.indexOf(':')), 5, () => true);
    expect(found.map(({ userId }) => userId)).to.deep.equal([user]);
  });

  it('D5 counts only who is wanted', async () => {
    const { accounts, newUser } = get();
    const all = [await newUser(), await newUser(), await newUser()];
    const search = async (limit: number, wanted: readonly UserId[]) =>
      (await accounts.search('nurse-', limit, (user) => wanted.includes(user))).map(({ userId }) => userId);
    for (const user of all) expect(await search(1, [user])).to.deep.equal([user]);
    expect(await search(2, all)).to.have.length(2);
    expect(await search(4, all)).to.have.members(all);
  });
}
